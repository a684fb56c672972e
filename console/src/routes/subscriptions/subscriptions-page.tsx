import { Anchor, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { ActionButton } from '../../actions/action-button';
import { ResolveDialog } from '../../actions/dialogs';
import { loadPage } from '../../api/list-page';
import type { SubscriptionRecord } from '../../api/records';
import { choice, EXTERNAL_FILTER, textFilter, TIME_FILTERS } from '../../lists/common-filters';
import type { ListDefinition } from '../../lists/list-definition';
import { ListPage } from '../../lists/list-page';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { Money } from '../../parts/money';
import { ScopedActs } from '../../parts/scope-note';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const { fields } = texts;

const intervalOf = ({ interval, intervalCount }: SubscriptionRecord): string =>
  texts.subscriptions.every(intervalCount, interval);

const SUBSCRIPTIONS: ListDefinition<SubscriptionRecord> = {
  title: texts.navigation.subscriptions,
  path: '/admin/subscriptions',
  filters: [
    choice('state', fields.state, [
      'CREATED',
      'PENDING',
      'ACTIVE',
      'PAST_DUE',
      'EXPIRED',
      'CANCELED',
      'FAILED',
      'UNKNOWN',
    ]),
    EXTERNAL_FILTER,
    textFilter('shopTransactionId', fields.shopTransactionId),
    textFilter('subscriptionToken', fields.subscriptionToken),
    ...TIME_FILTERS,
  ],
  columns: [
    { id: 'order', label: fields.shopTransactionId, kind: 'id', cell: (each) => each.shopTransactionId },
    { id: 'state', label: fields.state, kind: 'state', cell: (each) => <StateBadge state={each.state} /> },
    {
      id: 'amount',
      label: fields.amount,
      kind: 'money',
      cell: (each) => <Money amount={each.amount} currency={each.currency} />,
    },
    { id: 'interval', label: fields.interval, cell: intervalOf },
    { id: 'external', label: fields.external, cell: (each) => each.external },
    { id: 'created', label: fields.createdAt, kind: 'time', cell: (each) => <Time at={each.createdAt} /> },
    { id: 'token', label: fields.subscriptionToken, kind: 'id', cell: (each) => each.subscriptionToken },
    { id: 'caller', label: fields.caller, hidden: true, cell: (each) => each.caller },
    { id: 'id', label: fields.id, kind: 'id', hidden: true, cell: (each) => each.id },
  ],
  load: loadPage('/admin/subscriptions'),
  details: (subscription) => <SubscriptionDetails subscription={subscription} />,
};

export function SubscriptionsPage(): ReactNode {
  return <ListPage definition={SUBSCRIPTIONS} />;
}

function SubscriptionDetails({ subscription }: { readonly subscription: SubscriptionRecord }): ReactNode {
  const { id, state, subscriptionToken, parkedAt } = subscription;
  return (
    <Stack>
      <Facts
        facts={[
          [fields.state, <StateBadge key="state" state={state} />],
          [
            fields.amount,
            <Money key="amount" amount={subscription.amount} currency={subscription.currency} />,
          ],
          [fields.interval, intervalOf(subscription)],
          [fields.shopTransactionId, subscription.shopTransactionId],
          [fields.subscriptionToken, subscriptionToken],
          [fields.external, subscription.external],
          [fields.caller, subscription.caller],
          [fields.createdAt, <Time key="created" at={subscription.createdAt} relative />],
          [fields.updatedAt, <Time key="updated" at={subscription.updatedAt} relative />],
          [fields.parkedAt, parkedAt && <Time at={parkedAt} relative />],
          [fields.id, id],
        ]}
      />
      {subscriptionToken !== undefined && (
        <Anchor
          component={Link}
          underline="always"
          to={`/payments?${new URLSearchParams({ subscriptionToken }).toString()}`}
        >
          {texts.navigation.payments}
        </Anchor>
      )}
      {(state === 'UNKNOWN' || parkedAt !== undefined) && (
        <ScopedActs need="settle">
          <ActionButton
            label={texts.actions.resolve.label}
            dialog={(close) => (
              <ResolveDialog
                item={{ kind: 'subscription', id, externalId: subscriptionToken }}
                onClose={close}
              />
            )}
          />
        </ScopedActs>
      )}
      <Json value={subscription} />
    </Stack>
  );
}
