import type { ReactNode } from 'react';
import { loadPage } from '../../api/list-page';
import type { PaymentRecord } from '../../api/records';
import {
  choice,
  CURRENCY_FILTER,
  EXTERNAL_FILTER,
  textFilter,
  TIME_FILTERS,
} from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Money } from '../../parts/money';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const { fields } = texts;

const PAYMENTS: ListDefinition<PaymentRecord> = {
  title: texts.navigation.payments,
  path: '/admin/payments',
  filters: [
    choice('state', fields.state, ['CREATED', 'PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN']),
    EXTERNAL_FILTER,
    textFilter('shopTransactionId', fields.shopTransactionId),
    textFilter('paymentId', fields.paymentId),
    textFilter('subscriptionToken', fields.subscriptionToken),
    CURRENCY_FILTER,
    { name: 'minAmount', label: fields.minAmount, kind: 'amount' },
    { name: 'maxAmount', label: fields.maxAmount, kind: 'amount' },
    ...TIME_FILTERS,
  ],
  columns: [
    {
      id: 'order',
      label: fields.shopTransactionId,
      kind: 'id',
      cell: (each) => each.shopTransactionId ?? each.paymentId ?? each.id,
    },
    { id: 'state', label: fields.state, kind: 'state', cell: (each) => <StateBadge state={each.state} /> },
    {
      id: 'amount',
      label: fields.amount,
      kind: 'money',
      cell: (each) => <Money amount={each.amount} currency={each.currency} />,
    },
    {
      id: 'refunded',
      label: fields.refunded,
      kind: 'money',
      hidden: true,
      cell: (each) => <Money amount={each.refundedAmount} currency={each.currency} />,
    },
    { id: 'external', label: fields.external, cell: (each) => each.external },
    { id: 'created', label: fields.createdAt, kind: 'time', cell: (each) => <Time at={each.createdAt} /> },
    {
      id: 'changed',
      label: fields.updatedAt,
      kind: 'time',
      hidden: true,
      cell: (each) => <Time at={each.updatedAt} />,
    },
    {
      id: 'parked',
      label: fields.parkedAt,
      kind: 'time',
      hidden: true,
      cell: (each) => <Time at={each.parkedAt} />,
    },
    { id: 'paymentId', label: fields.paymentId, kind: 'id', cell: (each) => each.paymentId },
    { id: 'origin', label: fields.origin, hidden: true, cell: (each) => each.origin },
    { id: 'caller', label: fields.caller, hidden: true, cell: (each) => each.caller },
    {
      id: 'token',
      label: fields.subscriptionToken,
      kind: 'id',
      hidden: true,
      cell: (each) => each.subscriptionToken,
    },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/payments'),
  href: ({ id }) => `/payments/${id}`,
};

export function PaymentsPage(): ReactNode {
  return <ListPage definition={PAYMENTS} />;
}
