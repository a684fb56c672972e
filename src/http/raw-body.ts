import type { IncomingMessage } from 'node:http';
import { Problem } from '../problems/problem.js';
import { HttpProblem } from './http-problem.js';

/** SPEC §3: a body may have 128 KiB. */
export const MAX_BODY_BYTES = 131_072;
/**
 * What is read and thrown away of a larger one, so that its sender hears the answer; beyond it the connection is closed, and
 * the answer says so: on one that is half read, the next request would wait in vain for its turn.
 */
const MAX_DISCARDED_BYTES = 16_777_216;

const BODY = Symbol('tollgate.body');

/**
 * Reads the body to its end; who asks again gets the same bytes: a signature is verified over them before they are
 * parsed. Throws `payload-too-large`, or `validation-failed` where the sender broke off.
 */
export function readBody(request: IncomingMessage): Promise<Buffer> {
  const carrying = request as { [BODY]?: Promise<Buffer> };
  return (carrying[BODY] ??= collect(request));
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
    // Only now is it known that chunks did not go on beyond what is thrown away.
    request.on('end', () =>
      size > MAX_BODY_BYTES
        ? reject(tooLarge(false))
        : resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)),
    );
    request.on('error', () => reject(brokenOff()));
    request.on('aborted', () => reject(brokenOff()));
  });
}

function tooLarge(close: boolean): Problem {
  const headers: Record<string, string> = close ? { Connection: 'close' } : {};
  return new HttpProblem('payload-too-large', 'The body exceeds 128 KiB.', headers);
}

function brokenOff(): Problem {
  return new Problem('validation-failed', 'The body ended too early.', {
    errors: [{ pointer: '', detail: 'ended too early' }],
  });
}
