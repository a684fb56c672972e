import { newIdentifier } from '../shared/identifier.js';
import type { CallContext } from './external-provider.js';
import { OPERATIONS, type OperationName } from './operation.js';

/** What every attempt of a call carries besides credentials (SPEC §2). */
export function requestHeaders(
  operation: OperationName,
  context: CallContext,
  hasBody: boolean,
  nowMs: number,
): Record<string, string> {
  const headers: Record<string, string> = {
    accept: 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'tollgate',
    'x-request-id': context.requestId,
  };
  if (hasBody) headers['content-type'] = 'application/json';
  if (context.traceparent !== undefined) headers['traceparent'] = context.traceparent;
  if (OPERATIONS[operation].method !== 'GET') {
    headers['idempotency-key'] = context.idempotencyKey ?? newIdentifier('idk', nowMs);
  }
  return headers;
}
