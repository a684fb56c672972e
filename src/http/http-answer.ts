import type { Response } from 'express';
import type { ProblemCode } from '../problems/problem.js';
import { contextOf } from './request-context.js';

/** What goes back to the caller. */
export interface OperationAnswer {
  readonly status: number;
  /** JSON text, the same on every replay. */
  readonly body: string;
  readonly replayed: boolean;
}

const JSON_TYPE = 'application/json; charset=utf-8';
const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** Sends the text of an operation's answer as it is stored, so that a replay has the same body to the byte. */
export function sendOperationAnswer(response: Response, answer: OperationAnswer): void {
  const { status, body, replayed } = answer;
  tell(response, answer);
  if (replayed) response.setHeader('Idempotency-Replayed', 'true');
  sendText(response, status, body, status < 400 ? JSON_TYPE : PROBLEM_TYPE);
}

/** For the request's log line. */
function tell({ req: request }: Response, { status, body, replayed }: OperationAnswer): void {
  const { logFields } = contextOf(request);
  const { paymentId, code } = JSON.parse(body) as { paymentId?: string; code?: ProblemCode };
  logFields.outcome = replayed ? 'replayed' : 'executed';
  logFields.paymentId ??= paymentId;
  if (status >= 400 && code !== undefined) logFields.code = code;
}

/** Sends `value` as JSON with status 200. */
export function sendJson(response: Response, value: object): void {
  sendText(response, 200, JSON.stringify(value), JSON_TYPE);
}

export function sendProblemDocument(response: Response, status: number, document: object): void {
  sendText(response, status, JSON.stringify(document), PROBLEM_TYPE);
}

/** Straight to Node's response: Express's `send` would compute an ETag and look at the request again. */
function sendText(response: Response, status: number, text: string, type: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}
