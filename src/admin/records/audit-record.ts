import type { AuditEntryRow, AuditResult } from '../../audit/audit.table.js';
import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { ownIdentifier, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { shownText, shownTime, shownTraceId } from './shown.js';

export const AUDIT_RESULTS = [
  'begun',
  'done',
  'failed',
  'unknown',
  'refused',
] as const satisfies readonly AuditResult[];

/** What an operator did, what came of it, or what they were not allowed to do. */
export class AuditRecord {
  @Field(ownIdentifier('aud'), { example: 'aud_0199f2a6-11c4-7d21-9e3f-4a5b6c7d8e9f' })
  id: string;

  @Field(instant, { example: '2026-01-31T12:05:00.000Z' })
  at: string;

  @Field(text, {
    description:
      'The name of the credentials; `oidc:` and the subject for a token, empty without credentials.',
    example: 'oidc:jane',
  })
  operator: string;

  @Field(text, { description: 'The `operationId` of the request.', example: 'resolvePayment' })
  action: string;

  @Field(oneOf(AUDIT_RESULTS), {
    description:
      '`begun`: an external is called, or decides later; a later entry with the same `requestId` says what came of it. `done`: it was done. `failed`: nothing was done, and `change` says why. `unknown`: it may have been executed. `refused`: the operator lacks the scope, and nothing was done.',
    example: 'done',
  })
  result: AuditResult;

  @Field(text, {
    optional: true,
    description: 'The gateway’s id of the item; missing for an act on many.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  subject?: string | undefined;

  @Field(externalName, { optional: true, example: 'acme' })
  external?: string | undefined;

  @Field(text, {
    optional: true,
    description:
      'What the act changes; of an act that called an external, what came of it: a `result`, or the code of a problem.',
    example: 'UNKNOWN → ACCEPTED',
  })
  change?: string | undefined;

  @Field(text, {
    optional: true,
    description: 'The operator’s reason, where the act requires one.',
    example: 'acme’s support confirmed it by phone, ticket 4711',
  })
  reason?: string | undefined;

  @Field(text, {
    optional: true,
    description: 'The address of the client, behind the proxies of `TRUST_PROXY` as they name it.',
    example: '203.0.113.9',
  })
  address?: string | undefined;

  @Field(text, {
    description: 'As in every log line about the request.',
    example: 'req_0199f2a6-11c0-7a10-8e21-3a4b5c6d7e8f',
  })
  requestId: string;

  @Field(text, { optional: true, example: '4bf92f3577b34da6a3ce929d0e0e4736' })
  traceId?: string | undefined;
}

export function auditRecord(row: AuditEntryRow): AuditRecord {
  return {
    id: row.id,
    at: shownTime(row.at),
    operator: row.operator,
    action: row.action,
    result: row.result,
    subject: row.subject ?? undefined,
    external: row.external ?? undefined,
    change: row.change ?? undefined,
    reason: shownText(row.reason),
    address: row.address ?? undefined,
    requestId: shownText(row.request_id)!,
    traceId: shownTraceId(row.traceparent),
  };
}
