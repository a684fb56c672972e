import type { Dispatcher } from 'undici';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { storableText } from '../persistence/storable-text.js';
import type { DeliveryOutcome } from './delivery-end.js';

const MAX_ANSWER_BYTES = 65_536;
/** A card number may lie across the end of what is kept: it is masked before the cut. */
const KEPT_BYTES = 1_024;
const MASKED_CHARACTERS = KEPT_BYTES + 256;

/** Follows one request through undici: 64 KiB of the answer at most, and an end within the deadline, whatever comes. */
export class DeliveryExchange implements Dispatcher.DispatchHandler {
  readonly ended: Promise<DeliveryOutcome>;
  readonly #resolve: (outcome: DeliveryOutcome) => void;
  readonly #deadline: NodeJS.Timeout;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #statusCode = 0;
  #retryAfter: string | undefined;
  #bytes = 0;
  readonly #chunks: Buffer[] = [];
  readonly #onBreakOff = (): void => this.#end({ kind: 'not-sent' });

  /** `breakOff` ends it without a verdict: the gateway stops. */
  constructor(
    deadlineMs: number,
    private readonly breakOff: AbortSignal,
  ) {
    const { promise, resolve } = Promise.withResolvers<DeliveryOutcome>();
    this.ended = promise;
    this.#resolve = resolve;
    this.#deadline = setTimeout(
      () => this.#end({ kind: 'broken', error: `no whole answer within ${deadlineMs} ms` }),
      deadlineMs,
    );
    if (breakOff.aborted) this.#onBreakOff();
    else breakOff.addEventListener('abort', this.#onBreakOff, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#over) throw new Error('Ended before it was begun');
    this.#controller = controller;
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    statusCode: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 1xx announce an answer, and are none (RFC 9110 §15.2).
    if (statusCode < 200) return;
    this.#statusCode = statusCode;
    const retryAfter = headers['retry-after'];
    this.#retryAfter = Array.isArray(retryAfter) ? retryAfter[0] : retryAfter;
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return;
    if (this.#bytes <= MASKED_CHARACTERS) this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    // The status is known, and nobody reads on for ever: the connection is not worth keeping.
    if (this.#bytes > MAX_ANSWER_BYTES) this.#answered();
  }

  onResponseEnd(): void {
    this.#controller = undefined;
    this.#answered();
  }

  onResponseError(_: Dispatcher.DispatchController | null, error: Error): void {
    this.#controller = undefined;
    this.#end({ kind: 'broken', error: describe(error) });
  }

  #answered(): void {
    const text = Buffer.concat(this.#chunks).toString('utf8').slice(0, MASKED_CHARACTERS);
    this.#end({
      kind: 'answered',
      answer: {
        statusCode: this.#statusCode,
        retryAfter: this.#retryAfter,
        text: storableText(maskCardNumbers(text), KEPT_BYTES),
      },
    });
  }

  #end(outcome: DeliveryOutcome): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    this.breakOff.removeEventListener('abort', this.#onBreakOff);
    this.#resolve(outcome);
    // Unset where the exchange is complete: then its connection serves the next one.
    this.#controller?.abort(new Error('Nobody waits for the rest of the answer'));
  }
}

/** The system's or the client's code, such as `ECONNREFUSED`; the message of errors that have none. */
function describe(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return storableText(code ?? (error.message || error.name), 200);
}
