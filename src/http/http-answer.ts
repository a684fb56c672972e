import type { Response } from 'express';

export const JSON_TYPE = 'application/json; charset=utf-8';
export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/**
 * An answer whose text and status the handler decides itself. Any other object that a handler returns is sent as JSON
 * with status 200.
 */
export class TextAnswer {
  constructor(
    readonly status: number,
    readonly body: string | Buffer,
    readonly contentType: string,
    readonly headers?: Readonly<Record<string, string>>,
  ) {}
}

/**
 * The answer to an operation that changes something: `body` is the stored JSON text, the same to the byte on every
 * replay.
 */
export class OperationAnswer extends TextAnswer {
  declare readonly body: string;

  constructor(
    status: number,
    body: string,
    readonly replayed: boolean,
  ) {
    super(status, body, status < 400 ? JSON_TYPE : PROBLEM_TYPE);
  }
}

/** Writes to Node's response: Express's `send` would compute an ETag and read the request again. */
export function sendText(response: Response, { status, body, contentType, headers }: TextAnswer): void {
  response.statusCode = status;
  for (const name in headers) response.setHeader(name, headers[name]!);
  response.setHeader('Content-Type', contentType);
  response.setHeader('Content-Length', Buffer.byteLength(body));
  response.end(body);
}

/** Sends `value` as JSON with status 200. */
export function sendJson(response: Response, value: object): void {
  sendText(response, new TextAnswer(200, JSON.stringify(value), JSON_TYPE));
}
