import { BoundedMap } from './bounded-map.js';
import { RequestError } from './request-error.js';

/** A stored answer. The body is serialised, so that a replay is byte-identical. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
}

/** All calls with one `Idempotency-Key` to one path. */
export interface KeyedCalls {
  readonly path: string;
  readonly idempotencyKey: string;
  /** The compared fields of the first call; they must be equal in each repeat. */
  readonly subject: string;
  executions: number;
  replays: number;
  answer: StoredAnswer;
  /** The record that counts the replays too. */
  readonly record: { replays: number };
}

/** Stored answers by operation path and `Idempotency-Key` (SPEC §2). */
export class IdempotentAnswers {
  readonly #calls: BoundedMap<KeyedCalls>;

  constructor(
    max: number,
    /** False: behaves like an external that ignores the header. */
    private readonly honoured: boolean,
  ) {
    this.#calls = new BoundedMap(max, () => true);
  }

  /** Returns the stored answer for a repeat and counts it; throws a 422 {@link RequestError} for a different request. */
  replay(path: string, key: string, subject: string): StoredAnswer | undefined {
    if (!this.honoured) return undefined;
    const calls = this.#calls.get(`${path} ${key}`);
    if (!calls) return undefined;
    if (calls.subject !== subject) {
      throw new RequestError(422, 'This Idempotency-Key was used for a different request.');
    }
    calls.replays += 1;
    calls.record.replays += 1;
    return calls.answer;
  }

  /** Stores the answer of an executed call, and counts executions with the same key where keys are ignored. */
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

  /** Keys that were executed more than once. */
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
