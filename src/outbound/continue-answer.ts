import type { Socket } from 'node:net';

/** What each `10x` answer begins with, short of its last digit; `?` is any byte. */
const BEGINNING = 'HTTP/1.? 10';
const HEAD_END = '\r\n\r\n';
const [ZERO, TWO] = [0x30, 0x32];

/**
 * Lets `100 Continue` through as what it is: an announcement of the answer, which a client must be able to read whether or
 * not it asked for one (RFC 9110 §15.2). undici cuts a connection that says it, and a payment that was executed would be one of
 * unknown outcome; every other 1xx it passes over. So what it reads from `socket` says `102` instead.
 */
export function passOverContinue<S extends Socket>(socket: S): S {
  const reader = new AnswerStart();
  const read = socket.read.bind(socket);
  let written = 0;
  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk)) return chunk;
    // One request at a time on each connection: what comes after another one was written begins an answer.
    if (socket.bytesWritten !== written) reader.expectAnswer();
    written = socket.bytesWritten;
    reader.pass(chunk);
    return chunk;
  };
  return socket;
}

/** Follows the bytes of an answer as far as they may be a `100`, however they are cut into chunks. */
class AnswerStart {
  #part: 'beginning' | 'interim' | 'rest' = 'rest';
  /** How much of {@link BEGINNING} or {@link HEAD_END} was there. */
  #matched = 0;

  expectAnswer(): void {
    this.#part = 'beginning';
    this.#matched = 0;
  }

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
    // Whichever 1xx it is, another may follow.
    this.#part = 'interim';
    this.#matched = 0;
  }

  /** To the end of the interim answer's head, where the next answer begins. */
  #skip(byte: number): void {
    if (byte === HEAD_END.charCodeAt(this.#matched)) this.#matched += 1;
    else this.#matched = byte === HEAD_END.charCodeAt(0) ? 1 : 0;
    if (this.#matched === HEAD_END.length) this.expectAnswer();
  }
}
