import type { Socket } from 'node:net';
import { AnswerStart } from './answer-start.js';
import type { PauseDetector } from './pause-detector.js';

/** Why a connection was closed although HTTP allowed further use. */
export type DiscardReason =
  | 'unasked-data' //    the other side sent data while there was no request
  | 'early-answer' //    the answer began before the request was written whole
  | 'no-outcome' //      the answer did not say what happened to its request
  | 'pause'; //          the connection was opened before a pause of this process

/** The parts of a socket that a {@link Connection} needs. */
type ReadableSocket = Pick<Socket, 'read' | 'destroy' | 'writableLength' | 'readableLength'>;

/**
 * One connection, and what its bytes say about its present exchange. HTTP/1.1 has no number that connects an answer
 * to its request: only their order does. A connection on which the other side leaves that order is closed, because
 * the next exchange on it may receive the answer to an earlier one.
 */
export class Connection {
  #exchanging = false;
  #answerBegun = false;
  #early = false;
  #discarded: DiscardReason | undefined;
  readonly #answerStart = new AnswerStart();

  constructor(
    private readonly socket: ReadableSocket,
    private readonly pauses: PauseDetector,
    /** {@link PauseDetector.count} when the connection was begun. */
    private readonly pausesBefore: number,
    /** Called once, when the connection is closed. */
    private readonly onDiscard: ((reason: DiscardReason) => void) | undefined,
  ) {
    const read = socket.read.bind(socket);
    socket.read = (size?: number): unknown => {
      const chunk: unknown = read(size);
      return Buffer.isBuffer(chunk) ? this.#received(chunk) : chunk;
    };
  }

  /** True if the present answer began before the request was written whole. */
  get early(): boolean {
    return this.#early;
  }

  /**
   * An exchange begins.
   * @throws Error if the connection must not be used; it is closed, and nothing was sent
   */
  begin(): void {
    if (this.socket.readableLength > 0) this.discard('unasked-data');
    else if (this.pauses.count() !== this.pausesBefore) this.discard('pause');
    if (this.#discarded) throw new Error(`Connection not used: ${this.#discarded}`);
    this.#exchanging = true;
    this.#answerBegun = false;
    this.#early = false;
    this.#answerStart.expect();
  }

  /** The exchange has ended. */
  end(): void {
    this.#exchanging = false;
    if (this.#discarded) this.#close(this.#discarded);
    else if (this.#early) this.discard('early-answer');
  }

  /** Closes the connection, after the present exchange if there is one. */
  discard(reason: DiscardReason): void {
    if (this.#discarded) return;
    this.#discarded = reason;
    if (!this.#exchanging) this.#close(reason);
  }

  #close(reason: DiscardReason): void {
    this.onDiscard?.(reason);
    this.socket.destroy();
  }

  #received(chunk: Buffer): Buffer | null {
    if (!this.#exchanging) {
      this.discard('unasked-data');
      return null;
    }
    if (!this.#answerBegun) {
      this.#answerBegun = true;
      // Bytes of the request are still in this process: the other side cannot have read it whole.
      this.#early = this.socket.writableLength > 0;
    }
    this.#answerStart.pass(chunk);
    return chunk;
  }
}

/** The present connection of one of undici's clients, which has one at a time. */
export interface Line {
  connection: Connection | undefined;
}
