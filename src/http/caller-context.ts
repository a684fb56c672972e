import type { IncomingMessage } from 'node:http';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { holdsCardNumber } from '../sensitive/card-number.js';
import { contextOf } from './request-context.js';
import { instanceOf, invalid } from './request-parameters.js';

/** Who calls, and how the request is traced. */
export interface CallerContext {
  /** The name of the credentials; empty for a caller without credentials. */
  readonly caller: string;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  /** The caller's `Idempotency-Key`, without quotes. */
  readonly idempotencyKey: string | undefined;
  /** The request's path, for problem documents. */
  readonly instance: string;
}

/** A handler's parameter: the {@link CallerContext} of the request. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): CallerContext => {
  const request = context.switchToHttp().getRequest<Request>();
  const { principal, requestId, traceparent } = contextOf(request);
  return {
    caller: principal?.name ?? '',
    requestId,
    traceparent,
    idempotencyKey: request.method === 'GET' ? undefined : idempotencyKeyOf(request),
    instance: instanceOf(request),
  };
});

/** RFC 8941 §3.3.3: a quoted string, with `\"` and `\\` escaped. */
const QUOTED_KEY = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE_KEY = /^[\x20-\x7e]{1,255}$/;

/** The caller's `Idempotency-Key` without its quotes, or undefined if there is none (SPEC §4). */
function idempotencyKeyOf({ headersDistinct }: IncomingMessage): string | undefined {
  const values = headersDistinct['idempotency-key'];
  if (values === undefined) return undefined;
  const key = values.length === 1 ? unquote(values[0]!) : '';
  if (BARE_KEY.test(key) && !holdsCardNumber(key)) return key;
  throw invalid(
    '/headers/idempotency-key',
    'must be one string of 1 to 255 printable ASCII characters, bare or in double quotes, and must not hold a card number',
  );
}

function unquote(value: string): string {
  const quoted = QUOTED_KEY.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  if (quoted !== undefined) return quoted;
  return value.startsWith('"') ? '' : value;
}
