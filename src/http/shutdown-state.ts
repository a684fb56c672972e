import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import { InFlight } from '../shared/in-flight.js';

/**
 * Whether the gateway is stopping (SPEC §8). `draining`: it is not ready any more, and serves what comes all the same, as load
 * balancers need a moment to notice. `closing`: what comes now is refused, and what is under way ends.
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

  /** From now on each answer ends its connection, so that the caller's next request goes to another replica. */
  drain(): void {
    this.#phase = 'draining';
    for (const response of this.#inFlight) endConnectionWith(response);
  }

  close(): void {
    this.#phase = 'closing';
  }

  /** An answer that is still to come. */
  track(response: ServerResponse): void {
    if (this.begun) endConnectionWith(response);
    const place = this.#inFlight.enter(response);
    response.once('close', () => this.#inFlight.leave(place));
  }
}

function endConnectionWith(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
