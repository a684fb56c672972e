import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { admittedOf } from './admission.js';
import { HttpProblem } from './http-problem.js';

/** 128 KiB (SPEC §3). */
export const MAX_BODY_BYTES = 131_072;
/**
 * How much of a larger body is read and discarded, so that its sender receives the answer. Beyond this limit the
 * connection is closed, and the answer says so: on a half-read connection the next request would never be read.
 */
const MAX_DISCARDED_BYTES = 16_777_216;

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
  admitted?.beginWait();
  try {
    return await collect(request);
  } finally {
    admitted?.endWait();
  }
}

function collect(request: IncomingMessage): Promise<Buffer> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > MAX_BODY_BYTES) {
    if (declared <= MAX_DISCARDED_BYTES) request.resume();
    return Promise.reject(tooLarge(declared > MAX_DISCARDED_BYTES));
  }
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
      if (size <= MAX_DISCARDED_BYTES) return;
      request.pause();
      reject(tooLarge(true));
    });
    // Only at the end is it certain that the chunks stayed within the limit of discarded bytes.
    request.on('end', () =>
      size > MAX_BODY_BYTES
        ? reject(tooLarge(false))
        : resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
    );
    request.on('error', () => reject(endedEarly()));
    request.on('aborted', () => reject(endedEarly()));
  });
}

function tooLarge(close: boolean): Problem {
  const headers: Record<string, string> = close ? { Connection: 'close' } : {};
  return new HttpProblem('payload-too-large', 'The body exceeds 128 KiB.', headers);
}

function endedEarly(): Problem {
  return new Problem('validation-failed', 'The body ended too early.', {
    errors: [{ pointer: '', detail: 'ended too early' }],
  });
}
