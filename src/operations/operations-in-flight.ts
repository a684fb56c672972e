import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';

/**
 * Operations whose callers may have hung up: nobody's connection keeps the gateway waiting for them, and still they are completed
 * and recorded before it stops (SPEC §8). Each ends by itself: its external's deadline bounds it.
 */
@Injectable()
export class OperationsInFlight implements BeforeApplicationShutdown {
  #count = 0;
  #ended: (() => void) | undefined;

  async run<T>(operation: () => Promise<T>): Promise<T> {
    this.#count += 1;
    try {
      return await operation();
    } finally {
      this.#count -= 1;
      if (this.#count === 0) this.#ended?.();
    }
  }

  async beforeApplicationShutdown(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
  }
}
