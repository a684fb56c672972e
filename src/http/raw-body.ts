import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { HttpProblem } from './http-problem.js';

/** SPEC §3: a body may have 128 KiB. */
export const MAX_BODY_BYTES = 131_072;
/**
 * A larger body is read and discarded up to here, so that its sender receives the answer. Beyond it the answer closes the
 * connection: the next request on it would wait behind the rest of the body.
 */
const MAX_DISCARDED_BYTES = 16_777_216;

const BODY = Symbol('tollgate.body');

/**
 * Reads the body to its end, once per request: a signature is verified over the same bytes that are parsed later. Throws
 * `payload-too-large`, or `validation-failed` where the sender aborts.
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const withBody = request as { [BODY]?: Promise<Buffer> };
  return (withBody[BODY] ??= collect(request));
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
    // Not before the end: until then the body may still exceed what is discarded.
    request.on('end', () =>
      size > MAX_BODY_BYTES
        ? reject(tooLarge(false))
        : resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
    );
    request.on('error', () => reject(aborted()));
    request.on('aborted', () => reject(aborted()));
  });
}

function tooLarge(close: boolean): Problem {
  const headers: Record<string, string> = close ? { Connection: 'close' } : {};
  return new HttpProblem('payload-too-large', 'The body exceeds 128 KiB.', headers);
}

function aborted(): Problem {
  return new Problem('validation-failed', 'The body ended too early.', {
    errors: [{ pointer: '', detail: 'ended too early' }],
  });
}
