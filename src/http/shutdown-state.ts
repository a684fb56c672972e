import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { InFlight } from '../shared/in-flight.js';

/**
 * Whether the gateway is shutting down (SPEC §8). `draining`: the gateway is not ready, but serves requests until load balancers
 * notice. `closing`: new requests are refused, and requests in flight finish.
 */
@Injectable()
export class ShutdownState {
  readonly #inFlight = new InFlight<ServerResponse>();
  #phase: 'running' | 'draining' | 'closing' = 'running';

  get begun(): boolean {
    return this.#phase !== 'running';
  }

  get refuses(): boolean {
    return this.#phase === 'closing';
  }

  /** From now on each response closes its connection, so that the caller's next request goes to another replica. */
  drain(): void {
    this.#phase = 'draining';
    for (const response of this.#inFlight) endConnectionWith(response);
  }

  close(): void {
    this.#phase = 'closing';
  }

  /** Adds a response that is not finished. */
  track(response: ServerResponse): void {
    if (this.begun) endConnectionWith(response);
    const place = this.#inFlight.enter(response);
    response.once('close', () => this.#inFlight.leave(place));
  }
}

function endConnectionWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
