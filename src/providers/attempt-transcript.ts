import { maskCardNumbers, maskCardNumbersIn } from '../sensitive/card-number.js';
import { readAnswerBody } from './answer-body.js';
import { type AnswerEcho, NO_ECHO } from './answer-echo.js';
import type { OutboundAnswer } from '../outbound/exchange.js';

/** The request as passed to the client. */
export interface SentRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly credentials: Readonly<Record<string, string>>;
  readonly body: object | undefined;
}

/** An attempt as it may be logged. */
export interface AttemptTranscript {
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly responseHeaders: Readonly<Record<string, string>> | undefined;
  readonly requestBody?: unknown;
  readonly responseBody?: unknown;
}

const MASK = '***';
const SECRET_HEADERS = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'x-api-key',
  'www-authenticate',
]);
const SHOWN_CHARACTERS = 4_096;

/** The loggable part of an attempt: without credentials, `providerData` and card numbers (SPEC §8). */
export function transcriptOf(
  level: 'headers' | 'body',
  request: SentRequest,
  answer: OutboundAnswer | undefined,
  echo = NO_ECHO,
): AttemptTranscript {
  const headers = {
    requestHeaders: {
      ...redactHeaders(request.headers),
      ...Object.fromEntries(Object.keys(request.credentials).map((name) => [name, MASK])),
    },
    responseHeaders: answer && redactHeaders(answer.headers, echo),
  };
  if (level === 'headers') return headers;
  return {
    ...headers,
    requestBody: redactBody(request.body),
    responseBody: answer && redactAnswer(answer, echo),
  };
}

function redactHeaders(headers: OutboundAnswer['headers'], echo = NO_ECHO): Record<string, string> {
  const shown = (text: string): string => maskCardNumbers(echo.maskText(text));
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      shown(name),
      SECRET_HEADERS.has(name.toLowerCase()) ? MASK : shown(String(value)),
    ]),
  );
}

function redactBody(body: object | undefined): unknown {
  if (!body || !('providerData' in body)) return body && maskCardNumbersIn(body);
  return maskCardNumbersIn({ ...body, providerData: MASK });
}

/** A body that is not JSON can contain anything, `providerData` included: only its length is logged. */
function redactAnswer(answer: OutboundAnswer, echo: AnswerEcho): unknown {
  const reading = readAnswerBody(answer, echo);
  if (!reading.ok) return `${answer.body.length} bytes: ${reading.problem}`;
  if (answer.body.length > SHOWN_CHARACTERS) return `${answer.body.length} bytes of JSON`;
  return maskCardNumbersIn(echo.forLog(reading.json));
}
