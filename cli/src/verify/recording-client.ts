import { type Exchange, ExchangeBroken, type OutboundAnswer } from '../../../src/outbound/exchange.js';
import { OutboundClient } from '../../../src/outbound/outbound-client.js';

/** A request on the wire, and what came back. */
export interface Exchanged {
  readonly exchange: Exchange;
  readonly end: OutboundAnswer | ExchangeBroken;
  readonly durationMs: number;
}

/** The gateway's client, which also keeps what was sent and received. */
export class RecordingClient extends OutboundClient {
  readonly exchanges: Exchanged[] = [];

  override async send(exchange: Exchange): Promise<OutboundAnswer> {
    const startedAt = performance.now();
    const record = (end: Exchanged['end']): void => {
      this.exchanges.push({ exchange, end, durationMs: performance.now() - startedAt });
    };
    try {
      const answer = await super.send(exchange);
      record(answer);
      return answer;
    } catch (error) {
      if (error instanceof ExchangeBroken) record(error);
      throw error;
    }
  }

  last(): Exchanged | undefined {
    return this.exchanges.at(-1);
  }
}
