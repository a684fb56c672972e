import type { IncomingMessage } from 'node:http';
import type { Receipt } from './notification-receiver.js';

/** Notifications are smaller: Tollgate takes 1 MiB at most from an external. */
export const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** The answer to a body of more than {@link MAX_BODY_BYTES}. */
export const TOO_LARGE: Receipt = { result: 'refused', status: 413, reason: 'too-large' };

/** A request of Node's server, with what frameworks add. */
export type NodeRequest = IncomingMessage & {
  readonly body?: unknown;
  /** Nest with `rawBody: true`, and others. */
  readonly rawBody?: unknown;
};

/**
 * The bytes of the body, or undefined where there are more than {@link MAX_BODY_BYTES}.
 * @throws Error where a parser has consumed them: an error of the set-up.
 */
export async function rawBodyOf(request: NodeRequest): Promise<Uint8Array | undefined> {
  const { rawBody, body } = request;
  if (rawBody instanceof Uint8Array) return rawBody;
  if (body instanceof Uint8Array) return body;
  if (request.readableDidRead)
    throw new Error(
      'The body was parsed before it reached the receiver of notifications, which verifies its bytes: put the receiver ' +
        'before express.json(), or keep the bytes (in Nest: NestFactory.create(module, { rawBody: true })).',
    );
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    // Read to the end and dropped, so that the answer arrives and the connection can be used again.
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return length <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

/** The application's error handler gets it: without the status that `cause` may have, which could end the delivery. */
export function processingError(cause: unknown): Error {
  return new Error('The notification was not processed; Tollgate sends it again.', { cause });
}
