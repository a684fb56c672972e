import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { loadPage } from '../../api/list-page';
import type { CallbackRecord } from '../../api/records';
import { choice, EXTERNAL_FILTER, textFilter, TIME_FILTERS } from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Facts } from '../../parts/facts';
import { FindLink } from '../../parts/find-link';
import { Json } from '../../parts/json';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const { fields } = texts;

const subjectOf = ({ paymentId, refundId, subscriptionToken }: CallbackRecord): string | undefined =>
  paymentId ?? refundId ?? subscriptionToken;

function CallbackBadge({ state }: Pick<CallbackRecord, 'state'>): ReactNode {
  return <StateBadge state={state} label={texts.callbackState[state]} />;
}

const CALLBACKS: ListDefinition<CallbackRecord> = {
  title: texts.navigation.callbacks,
  path: '/admin/callbacks',
  filters: [
    choice('state', fields.state, ['PENDING', 'LEASED', 'VERIFIED', 'UNCONFIRMED'], texts.callbackState),
    EXTERNAL_FILTER,
    textFilter('paymentId', fields.paymentId),
    ...TIME_FILTERS,
  ],
  columns: [
    { id: 'subject', label: fields.subject, kind: 'id', cell: (each) => subjectOf(each) ?? each.id },
    { id: 'state', label: fields.state, kind: 'state', cell: (each) => <CallbackBadge state={each.state} /> },
    { id: 'external', label: fields.external, cell: (each) => each.external },
    { id: 'received', label: fields.receivedAt, kind: 'time', cell: (each) => <Time at={each.receivedAt} /> },
    { id: 'method', label: fields.method, cell: (each) => each.method },
    { id: 'error', label: fields.lastError, cell: (each) => each.lastError },
    { id: 'repeats', label: fields.repeats, kind: 'count', hidden: true, cell: (each) => each.repeats },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/callbacks'),
  details: (callback) => (
    <Stack>
      <Facts
        facts={[
          [fields.state, <CallbackBadge key="state" state={callback.state} />],
          [fields.subject, subjectOf(callback) && <FindLink text={subjectOf(callback)!} />],
          [fields.external, callback.external],
          [fields.receivedAt, <Time key="received" at={callback.receivedAt} relative />],
          [fields.finishedAt, callback.finishedAt && <Time at={callback.finishedAt} relative />],
          [fields.nextAttemptAt, callback.nextAttemptAt && <Time at={callback.nextAttemptAt} relative />],
          [fields.repeats, String(callback.repeats)],
          [fields.lastError, callback.lastError],
          [fields.requestId, callback.requestId],
          [fields.id, callback.id],
        ]}
      />
      <Json value={callback} />
    </Stack>
  ),
};

export function CallbacksPage(): ReactNode {
  return <ListPage definition={CALLBACKS} />;
}
