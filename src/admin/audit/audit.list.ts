import type { AuditEntryRow, AuditResult } from '../../audit/audit.table.js';
import { QueryField } from '../../rules/field.js';
import { matching, oneOf, stringRule } from '../../rules/rule.js';
import { KeysetList } from '../lists/keyset-list.js';
import { TimeRangeQuery } from '../lists/list-query.js';
import { AUDIT_RESULTS, type AuditRecord, auditRecord } from '../records/audit-record.js';

const operatorName = stringRule('operatorName', 'the name of credentials', (name) =>
  /^\P{C}{1,260}$/u.test(name),
);
const action = matching('action', 'the operationId of an operation', /^[A-Za-z]{1,64}$/);
const subject = matching('subject', 'an id of the gateway', /^[a-z]{2,3}_[0-9a-f-]{36}$/);

export class AuditQuery extends TimeRangeQuery {
  @QueryField(operatorName, { description: 'Acts with these credentials.', example: 'oidc:jane' })
  operator?: string;

  @QueryField(action, { description: 'Acts of this `operationId`.', example: 'resolvePayment' })
  action?: string;

  @QueryField(oneOf(AUDIT_RESULTS), { description: 'Acts with this result.' })
  result?: AuditResult;

  @QueryField(subject, {
    description: 'Acts on this item.',
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  })
  subject?: string;
}

export const AUDIT_LIST = new KeysetList<AuditQuery, AuditEntryRow, AuditRecord>({
  table: 'audit_entries',
  prefix: 'aud',
  filters: { operator: 'operator', action: 'action', result: 'result', subject: 'subject' },
  async parts(query, reader) {
    for (const name of ['subject', 'operator'] as const) {
      const wanted = query[name];
      if (wanted !== undefined) return [reader.inOrder(reader.rows.where(name, '=', wanted), [name])];
    }
    return undefined;
  },
  record: auditRecord,
});

export const AUDIT_COLUMNS = [
  'id',
  'at',
  'operator',
  'action',
  'result',
  'subject',
  'external',
  'change',
  'reason',
  'address',
  'requestId',
] as const satisfies readonly (keyof AuditRecord)[];
