import { inspect } from 'node:util';

const MASK = '***';

/**
 * A text that must not be printed: it is `***` in logs, errors, `util.inspect` and JSON. Only `reveal()` returns it.
 */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The text itself. Call it where it is used (signing, comparing, dialling), never to keep a copy. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
