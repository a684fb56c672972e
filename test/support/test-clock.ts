import { Clock } from '../../src/shared/clock.js';

/** A clock that a test moves. */
export class TestClock extends Clock {
  #nowMs: number;

  constructor(nowMs = Date.UTC(2026, 0, 15, 12)) {
    super();
    this.#nowMs = nowMs;
  }

  now(): number {
    return this.#nowMs;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
  }
}

/** The system's clock, which a test moves on. */
export class AheadClock extends Clock {
  #aheadMs = 0;

  now(): number {
    return Date.now() + this.#aheadMs;
  }

  advance(byMs: number): void {
    this.#aheadMs += byMs;
  }
}
