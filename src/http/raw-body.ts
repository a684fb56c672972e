import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { admittedOf } from './admission.js';
import { noteBodyEnd } from './connections.js';
import { HttpProblem } from './http-problem.js';

/** 128 KiB (SPEC §3). */
export const MAX_BODY_BYTES = 131_072;
/**
 * How much of a larger body is read and discarded, so that its sender receives the answer. Beyond this limit the
 * connection is closed, and the answer says so: on a half-read connection the next request would never be read.
 */
const MAX_DISCARDED_BYTES = 16_777_216;

/** Bytes of all bodies that have not arrived completely: callbacks are read before their sender is known. */
const MAX_HELD_BYTES = 33_554_432;
const MAX_SEPARATE_CHUNKS = 64;
/** A chunk costs the parser as much as some 1,000 bytes. */
const MAX_CHUNKS = 1_024;

let heldByAll = 0;

/** What one incomplete body takes of {@link MAX_HELD_BYTES}. */
class HeldBytes {
  #bytes = 0;
  refused = false;

  /** False where all bodies together would exceed the limit. */
  add(bytes: number): boolean {
    if (heldByAll + bytes > MAX_HELD_BYTES) this.refused = true;
    if (this.refused) return false;
    this.#bytes += bytes;
    heldByAll += bytes;
    return true;
  }

  release(): void {
    heldByAll -= this.#bytes;
    this.#bytes = 0;
  }
}

const BODY = Symbol('tollgate.body');

/**
 * Reads the body to its end. Further calls return the same bytes: a signature is verified over them before they are
 * parsed.
 * @throws Problem `payload-too-large`, or `validation-failed` if the connection was closed early
 */
export function readRawBody(request: IncomingMessage): Promise<Buffer> {
  const carrying = request as { [BODY]?: Promise<Buffer> };
  return (carrying[BODY] ??= collectWhileWaiting(request));
}

/** A slow sender takes no place among the requests that the gateway works on. */
async function collectWhileWaiting(request: IncomingMessage): Promise<Buffer> {
  const admitted = admittedOf(request);
  const held = new HeldBytes();
  admitted?.beginWait();
  try {
    return await collect(request, held);
  } finally {
    held.release();
    admitted?.endWait();
  }
}

function collect(request: IncomingMessage, held: HeldBytes): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_BODY_BYTES) {
    if (declared <= MAX_DISCARDED_BYTES) request.resume();
    return Promise.reject(tooLarge(declared > MAX_DISCARDED_BYTES));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let count = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      count += 1;
      if (size > MAX_BODY_BYTES) {
        chunks.length = 0;
        held.release();
      } else if (held.add(chunk.length)) {
        chunks.push(chunk);
        // Each chunk takes some 300 bytes more than it has.
        if (chunks.length > MAX_SEPARATE_CHUNKS) chunks.splice(0, chunks.length, Buffer.concat(chunks));
      }
      const problem = endingProblem(size, count, held);
      if (!problem) return;
      chunks.length = 0;
      held.release();
      discardRest(request);
      reject(problem);
    });
    // Only at the end is it certain that the chunks stayed within the limit of discarded bytes.
    request.on('end', () => {
      if (count > 1) noteBodyEnd(request.socket);
      if (size > MAX_BODY_BYTES) reject(tooLarge(false));
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    request.on('error', () => reject(endedEarly()));
    request.on('aborted', () => reject(endedEarly()));
  });
}

/** The parser still reads what has arrived; it need not make a buffer of each part. */
function discardRest(request: IncomingMessage): void {
  request.pause();
  (request as { _dumped?: boolean })._dumped = true;
}

/** Why the rest of the body is not read, and the connection closed. */
function endingProblem(size: number, count: number, held: HeldBytes): Problem | undefined {
  if (size > MAX_DISCARDED_BYTES) return tooLarge(true);
  if (held.refused) {
    return new HttpProblem('overloaded', 'The gateway receives more bodies than it can hold now.', CLOSE, {
      retryAfterMs: 1_000,
    });
  }
  return count > MAX_CHUNKS
    ? new HttpProblem('payload-too-large', `The body came in more than ${MAX_CHUNKS} parts.`, CLOSE)
    : undefined;
}

const CLOSE = { Connection: 'close' };

function tooLarge(close: boolean): Problem {
  return new HttpProblem('payload-too-large', 'The body exceeds 128 KiB.', close ? CLOSE : {});
}

function endedEarly(): Problem {
  return new Problem('validation-failed', 'The body ended too early.', {
    errors: [{ pointer: '', detail: 'ended too early' }],
  });
}
