import { ExchangeBroken, headerOf } from '../../../../src/outbound/exchange.js';
import { maskCardNumbers } from '../../../../src/sensitive/card-number.js';
import { isJsonObject } from '../../../../src/shared/json.js';
import type { Exchanged } from '../recording-client.js';

/** What was sent and what came, as a report may show it: without credentials and `providerData` (SPEC §8). */
export interface ExchangeText {
  readonly sent: string;
  readonly came: string;
}

const SHOWN_CHARACTERS = 600;
const BROKEN: Readonly<Record<ExchangeBroken['reason'], string>> = {
  'no-connection': 'nothing: no connection could be made',
  refused: 'nothing: the request was not sent',
  deadline: 'nothing: the time-out passed',
  aborted: 'nothing: the time-out passed',
  superseded: 'nothing: the request was not needed any more',
  cut: 'nothing: the connection was closed',
  'too-large': 'more than 1 MiB',
  'not-http': 'bytes that are not HTTP/1.1',
};

export function exchangeText({ exchange, end, durationMs }: Exchanged): ExchangeText {
  const { method, target, headers, body } = exchange.request;
  const key = headers['idempotency-key'];
  const sent = [`${method} ${target}`, ...(key === undefined ? [] : [`Idempotency-Key: ${key}`])];
  return {
    sent: shown([sent.join(', '), ...(body === undefined ? [] : [withoutProviderData(body)])].join(' ')),
    came: `${came(end)} after ${Math.round(durationMs)} ms`,
  };
}

function came(end: Exchanged['end']): string {
  if (end instanceof ExchangeBroken)
    return BROKEN[end.reason] + (end.code === undefined ? '' : ` (${end.code})`);
  const type = headerOf(end, 'content-type');
  const isJson = type === undefined || /json/i.test(type);
  const body = end.body.length === 0 ? 'without a body' : shown(end.body.toString());
  return `${end.status}${isJson ? '' : ` (${shown(type)})`} ${body}`;
}

function withoutProviderData(body: string): string {
  try {
    const json: unknown = JSON.parse(body);
    if (!isJsonObject(json) || json['providerData'] === undefined) return body;
    return JSON.stringify({ ...json, providerData: '***' });
  } catch {
    return body;
  }
}

/** One line, without what would command a terminal. */
function shown(text: string): string {
  const masked = maskCardNumbers(text).replaceAll(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ');
  return masked.length > SHOWN_CHARACTERS ? `${masked.slice(0, SHOWN_CHARACTERS)} …` : masked;
}
