import { createHash } from 'node:crypto';
import type { Request, Response } from 'express';

/**
 * An answer that is the same for everybody. Its digest is computed once, and all responses share its bytes: an answer
 * that a caller does not read takes no memory of its own.
 */
export class StaticAnswer {
  readonly bytes: Buffer;
  readonly etag: string;

  constructor(
    content: string | Buffer,
    readonly contentType: string,
    readonly cacheControl: string,
  ) {
    this.bytes = Buffer.from(content);
    this.etag = `"${createHash('sha256').update(this.bytes).digest('base64url')}"`;
  }
}

/** Sends the answer, or 304 to a request that has it. */
export function sendStatic(request: Request, response: Response, answer: StaticAnswer): void {
  response.setHeader('Content-Type', answer.contentType);
  response.setHeader('Cache-Control', answer.cacheControl);
  response.setHeader('ETag', answer.etag);
  if (request.fresh) {
    response.statusCode = 304;
    response.end();
    return;
  }
  response.setHeader('Content-Length', answer.bytes.length);
  response.end(answer.bytes);
}
