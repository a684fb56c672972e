import { Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { ActionButton } from '../../actions/action-button';
import { ResolveDialog } from '../../actions/dialogs';
import { loadPage } from '../../api/list-page';
import type { RefundRecord } from '../../api/records';
import {
  choice,
  CURRENCY_FILTER,
  EXTERNAL_FILTER,
  textFilter,
  TIME_FILTERS,
} from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { Money } from '../../parts/money';
import { PaymentLink } from '../../parts/payment-link';
import { ScopedActs } from '../../parts/scope-note';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const { fields } = texts;

const REFUNDS: ListDefinition<RefundRecord> = {
  title: texts.navigation.refunds,
  path: '/admin/refunds',
  filters: [
    choice('state', fields.state, ['PENDING', 'OK', 'KO', 'UNKNOWN']),
    EXTERNAL_FILTER,
    textFilter('paymentId', fields.paymentId),
    CURRENCY_FILTER,
    ...TIME_FILTERS,
  ],
  columns: [
    { id: 'refundId', label: fields.refundId, kind: 'id', cell: (each) => each.refundId },
    { id: 'state', label: fields.state, kind: 'state', cell: (each) => <StateBadge state={each.state} /> },
    {
      id: 'amount',
      label: fields.amount,
      kind: 'money',
      cell: (each) => <Money amount={each.amount} currency={each.currency} />,
    },
    { id: 'paymentId', label: fields.paymentId, kind: 'id', cell: (each) => each.paymentId },
    { id: 'external', label: fields.external, cell: (each) => each.external },
    { id: 'created', label: fields.createdAt, kind: 'time', cell: (each) => <Time at={each.createdAt} /> },
    { id: 'caller', label: fields.caller, hidden: true, cell: (each) => each.caller },
    { id: 'origin', label: fields.origin, hidden: true, cell: (each) => each.origin },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/refunds'),
  details: (refund) => <RefundDetails refund={refund} />,
};

export function RefundsPage(): ReactNode {
  return <ListPage definition={REFUNDS} />;
}

/** Whether an operator can record the outcome of a refund: the gateway refuses others. */
function isResolvable({ state, parkedAt, reversal }: RefundRecord): boolean {
  return state === 'UNKNOWN' || state === 'PENDING' || parkedAt !== undefined || reversal !== undefined;
}

function RefundDetails({ refund }: { readonly refund: RefundRecord }): ReactNode {
  return (
    <Stack>
      <Facts
        facts={[
          [fields.state, <StateBadge key="state" state={refund.state} />],
          [fields.amount, <Money key="amount" amount={refund.amount} currency={refund.currency} />],
          [fields.payment, <PaymentLink key="payment" id={refund.payment} />],
          [fields.paymentId, refund.paymentId],
          [fields.refundId, refund.refundId],
          [fields.external, refund.external],
          [fields.caller, refund.caller],
          [fields.createdAt, <Time key="created" at={refund.createdAt} relative />],
          [fields.updatedAt, <Time key="updated" at={refund.updatedAt} relative />],
          [fields.nextQuestionAt, refund.nextQuestionAt && <Time at={refund.nextQuestionAt} relative />],
          [fields.parkedAt, refund.parkedAt && <Time at={refund.parkedAt} relative />],
          [fields.id, refund.id],
        ]}
      />
      {isResolvable(refund) && (
        <ScopedActs need="settle">
          <ActionButton
            label={texts.actions.resolve.label}
            dialog={(close) => <ResolveDialog item={{ kind: 'refund', id: refund.id }} onClose={close} />}
          />
        </ScopedActs>
      )}
      <Json value={refund} />
    </Stack>
  );
}
