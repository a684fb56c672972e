import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { admittedOf } from './admission.js';
import { noteBodyEnd, stopReadingBody } from './connections.js';
import { HttpProblem } from './http-problem.js';

/** 128 KiB (SPEC §3). */
export const MAX_BODY_BYTES = 131_072;
/**
 * How much of a larger body is read and discarded, so that its sender receives the answer. Beyond this limit the
 * connection is closed, and the answer says so: on a half-read connection the next request would never be read.
 */
const MAX_DISCARDED_BYTES = 16_777_216;

/**
 * Bytes of all bodies that have not arrived completely, and of complete ones whose sender is not known yet: callbacks
 * are read before their credentials can be checked.
 */
const MAX_HELD_BYTES = 33_554_432;
const MAX_SEPARATE_CHUNKS = 64;
/** A chunk costs the parser as much as some 1,000 bytes. */
const MAX_CHUNKS = 1_024;

let heldByAll = 0;
/** In the order in which they began. */
const arriving = new Set<HeldBytes>();

/**
 * What one body takes of {@link MAX_HELD_BYTES}. Where all together exceed it, the one that has been arriving for the
 * longest gives way: an honest body takes milliseconds, so that slow senders do not block others.
 */
class HeldBytes {
  #bytes = 0;
  /** Refuses the body, whose bytes are released. */
  refuse: (problem: Problem) => void = ignore;

  add(bytes: number): void {
    this.#bytes += bytes;
    heldByAll += bytes;
    arriving.add(this);
    for (const oldest of arriving) {
      if (heldByAll <= MAX_HELD_BYTES) return;
      oldest.release();
      oldest.refuse(TOO_MANY_BODIES);
    }
  }

  /** Nothing more arrives; the bytes count until {@link release}. */
  complete(): void {
    arriving.delete(this);
  }

  release(): void {
    arriving.delete(this);
    heldByAll -= this.#bytes;
    this.#bytes = 0;
  }
}

function ignore(): void {}

const BODY = Symbol('tollgate.body');
type Carrying = { [BODY]?: Promise<Buffer> };
const NO_BODY = Promise.resolve(Buffer.alloc(0));

/**
 * Reads the body to its end. Further calls return the same bytes: a signature is verified over them before they are
 * parsed.
 * @throws Problem `payload-too-large`, `overloaded`, or `validation-failed` if the connection was closed early
 */
export function readRawBody(request: IncomingMessage): Promise<Buffer> {
  return ((request as Carrying)[BODY] ??= collectWhileWaiting(request, false));
}

/** The same for a sender who is not known yet: a large body also waits for its turn to be verified. */
export function readUnverifiedBody(request: IncomingMessage): Promise<Buffer> {
  return ((request as Carrying)[BODY] ??= collectWhileWaiting(request, true));
}

/** Drops the body of a request that is refused, so that it takes no memory while its answer waits. */
export function forgetBody(request: IncomingMessage): void {
  (request as Carrying)[BODY] = NO_BODY;
}

/** A body that arrives slowly or waits for its turn takes no place among the requests that the gateway works on. */
async function collectWhileWaiting(request: IncomingMessage, unverified: boolean): Promise<Buffer> {
  const admitted = admittedOf(request);
  const held = new HeldBytes();
  admitted?.beginWait();
  try {
    const body = await collect(request, held);
    if (unverified) await admitted?.turnOf(body);
    return body;
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
    let refused = false;
    const refuse = (problem: Problem): void => {
      refused = true;
      chunks.length = 0;
      held.release();
      reject(problem);
    };
    // No function is written here: V8 puts one that is assigned to a property into the old generation, where it keeps
    // the request until the next full collection.
    held.refuse = refuse;
    request.on('data', (chunk: Buffer) => {
      // Discarded until the answer closes the connection.
      if (refused) return;
      size += chunk.length;
      count += 1;
      if (size > MAX_DISCARDED_BYTES) return refuse(tooLarge(true));
      if (count > MAX_CHUNKS) {
        stopReadingBody(request.socket);
        return refuse(tooManyParts());
      }
      if (size > MAX_BODY_BYTES) {
        chunks.length = 0;
        held.release();
        return;
      }
      chunks.push(chunk);
      // Each chunk takes some 300 bytes more than it has.
      if (chunks.length > MAX_SEPARATE_CHUNKS) chunks.splice(0, chunks.length, Buffer.concat(chunks));
      held.add(chunk.length);
    });
    // Only at the end is it certain that the chunks stayed within the limit of discarded bytes.
    request.on('end', () => {
      held.complete();
      if (count > 1) noteBodyEnd(request.socket);
      if (size > MAX_BODY_BYTES) reject(tooLarge(false));
      else resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks));
    });
    request.on('error', () => reject(endedEarly()));
    request.on('aborted', () => reject(endedEarly()));
  });
}

const CLOSE = { Connection: 'close' };
/** One for all: in a flood, making each would take longer than sending it. */
const TOO_MANY_BODIES = new HttpProblem(
  'overloaded',
  'The gateway receives more bodies than it can hold now.',
  CLOSE,
  { retryAfterMs: 1_000 },
);

function tooLarge(close: boolean): Problem {
  return new HttpProblem('payload-too-large', 'The body exceeds 128 KiB.', close ? CLOSE : {});
}

function tooManyParts(): Problem {
  return new HttpProblem('payload-too-large', `The body came in more than ${MAX_CHUNKS} parts.`, CLOSE);
}

function endedEarly(): Problem {
  return new Problem('validation-failed', 'The body ended too early.', {
    errors: [{ pointer: '', detail: 'ended too early' }],
  });
}
