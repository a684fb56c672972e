import { BoundedMap } from './bounded-map.js';
import { Refusal } from './refusal.js';

/** An answer as it is stored: the body already serialised, so that a replay is equal to the byte. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
}

/** All calls with one `Idempotency-Key` to one path. */
export interface KeyedCalls {
  readonly path: string;
  readonly idempotencyKey: string;
  /** What the first call was about; another call with the key must be about the same. */
  readonly subject: string;
  executions: number;
  replays: number;
  answer: StoredAnswer;
  /** The record whose `replays` count along. */
  readonly record: { replays: number };
}

/** The answers by `Idempotency-Key` and operation path, which is what makes a repeat harmless (SPEC §2). */
export class IdempotentAnswers {
  readonly #calls: BoundedMap<KeyedCalls>;

  constructor(
    max: number,
    /** False: an external that ignores the header, to see what a repeat does there. */
    private readonly honoured: boolean,
  ) {
    this.#calls = new BoundedMap(max, () => true);
  }

  /** The answer of an earlier call with this key, counted as a replay; a 422 {@link Refusal} where that was another call. */
  replay(path: string, key: string, subject: string): StoredAnswer | undefined {
    if (!this.honoured) return undefined;
    const calls = this.#calls.get(`${path} ${key}`);
    if (!calls) return undefined;
    if (calls.subject !== subject) {
      throw new Refusal(422, 'This Idempotency-Key was used for a request with another subject or amount.');
    }
    calls.replays += 1;
    calls.record.replays += 1;
    return calls.answer;
  }

  /** Writes down what was executed. A second execution with the same key, where keys are ignored, counts up. */
  store(path: string, key: string, subject: string, answer: StoredAnswer, record: { replays: number }): void {
    const earlier = this.#calls.get(`${path} ${key}`);
    if (earlier) {
      earlier.executions += 1;
      earlier.answer = answer;
      return;
    }
    const calls = { path, idempotencyKey: key, subject, executions: 1, replays: 0, answer, record };
    this.#calls.set(`${path} ${key}`, calls);
  }

  /** Those that were executed more than once. */
  doubles(): KeyedCalls[] {
    return this.#calls
      .values()
      .filter(({ executions }) => executions > 1)
      .toArray();
  }

  clear(): void {
    this.#calls.clear();
  }
}
