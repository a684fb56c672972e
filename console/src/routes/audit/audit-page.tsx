import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { loadPage } from '../../api/list-page';
import type { AuditRecord } from '../../api/records';
import { choice, textFilter, TIME_FILTERS } from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Copyable } from '../../parts/copyable';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { PaymentLink } from '../../parts/payment-link';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { TraceId } from '../../parts/trace-link';
import { texts } from '../../texts/en';

const { fields } = texts;

const nameOf = (action: string): string => texts.audit.acts[action] ?? action;

const AUDIT: ListDefinition<AuditRecord> = {
  title: texts.audit.title,
  help: texts.audit.help,
  path: '/admin/audit',
  filters: [
    textFilter('operator', fields.operator),
    choice('action', fields.action, Object.keys(texts.audit.acts), texts.audit.acts),
    choice('result', fields.result, ['begun', 'done', 'failed', 'unknown', 'refused']),
    textFilter('subject', fields.subject),
    ...TIME_FILTERS,
  ],
  columns: [
    { id: 'action', label: fields.action, kind: 'id', cell: (each) => nameOf(each.action) },
    { id: 'operator', label: fields.operator, cell: (each) => each.operator },
    { id: 'at', label: fields.at, kind: 'time', cell: (each) => <Time at={each.at} /> },
    { id: 'result', label: fields.result, kind: 'state', cell: (each) => <StateBadge state={each.result} /> },
    { id: 'change', label: fields.change, cell: (each) => each.change },
    { id: 'reason', label: fields.reason, cell: (each) => each.reason },
    { id: 'subject', label: fields.subject, kind: 'id', cell: (each) => each.subject },
    { id: 'address', label: fields.address, hidden: true, cell: (each) => each.address },
    { id: 'external', label: fields.external, hidden: true, cell: (each) => each.external },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/audit'),
  details: (act) => (
    <Stack>
      <Facts
        facts={[
          [fields.action, nameOf(act.action)],
          [fields.result, <StateBadge key="result" state={act.result} />],
          [fields.operator, act.operator],
          [fields.at, <Time key="at" at={act.at} relative />],
          [fields.subject, act.subject && <PaymentLink id={act.subject} />],
          [fields.external, act.external],
          [fields.change, act.change],
          [fields.reason, act.reason],
          [fields.address, act.address],
          [fields.requestId, act.requestId && <Copyable value={act.requestId} />],
          [fields.traceId, act.traceId && <TraceId value={act.traceId} />],
        ]}
      />
      <Json value={act} />
    </Stack>
  ),
};

export function AuditPage(): ReactNode {
  return <ListPage definition={AUDIT} />;
}
