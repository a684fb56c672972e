/** The start of each `10x` answer without its last digit; `?` is any byte. */
const BEGINNING = 'HTTP/1.? 10';
const HEAD_END = '\r\n\r\n';
const [ZERO, TWO] = [0x30, 0x32];

/**
 * Makes undici ignore `100 Continue`, which a client must accept even if it did not ask for it (RFC 9110 §15.2).
 * undici closes a connection that sends it, so that an executed payment would have an unknown outcome; it ignores
 * every other 1xx. So undici reads `102` instead, however the bytes of the answer are split into chunks.
 */
export class AnswerStart {
  #part: 'beginning' | 'interim' | 'rest' = 'rest';
  /** The number of matched characters of {@link BEGINNING} or {@link HEAD_END}. */
  #matched = 0;

  /** The next byte begins an answer. */
  expect(): void {
    this.#part = 'beginning';
    this.#matched = 0;
  }

  /** Changes the digit in `chunk` itself. */
  pass(chunk: Buffer): void {
    for (let i = 0; i < chunk.length && this.#part !== 'rest'; i += 1) {
      if (this.#part === 'beginning') this.#begin(chunk, i);
      else this.#skip(chunk[i]!);
    }
  }

  #begin(chunk: Buffer, i: number): void {
    const byte = chunk[i]!;
    if (this.#matched < BEGINNING.length) {
      const expected = BEGINNING[this.#matched]!;
      if (expected !== '?' && byte !== expected.charCodeAt(0)) this.#part = 'rest';
      this.#matched += 1;
      return;
    }
    if (byte === ZERO) chunk[i] = TWO;
    // Another 1xx may follow.
    this.#part = 'interim';
    this.#matched = 0;
  }

  /** Skips the rest of the interim answer's head; the next answer begins after it. */
  #skip(byte: number): void {
    if (byte === HEAD_END.charCodeAt(this.#matched)) this.#matched += 1;
    else this.#matched = byte === HEAD_END.charCodeAt(0) ? 1 : 0;
    if (this.#matched === HEAD_END.length) this.expect();
  }
}
