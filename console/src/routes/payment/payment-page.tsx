import { Alert, Anchor, Group, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import { PaymentChanges } from '../../actions/payment-changes';
import { paymentQuery } from '../../api/queries';
import type { PaymentDetail } from '../../api/records';
import { Copyable } from '../../parts/copyable';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { Loaded } from '../../parts/loaded';
import { Money } from '../../parts/money';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { TraceId } from '../../parts/trace-link';
import { texts } from '../../texts/en';
import { PaymentActions } from './payment-actions';
import { RefundTable } from './refund-table';
import { refundedAmounts } from './refunded-amounts';
import { Story } from './story';

const { fields } = texts;

/** Everything about one payment, and what can be done about it. */
export function PaymentPage(): ReactNode {
  const { id = '' } = useParams();
  const query = useQuery(paymentQuery(id));
  return (
    <>
      {query.data === undefined && (
        <Title order={1} size="h2">
          {texts.payment.title}
        </Title>
      )}
      <Loaded query={query}>{(payment) => <Content key={payment.id} payment={payment} />}</Loaded>
    </>
  );
}

function Content({ payment }: { readonly payment: PaymentDetail }): ReactNode {
  const { state, amount, currency, truncated } = payment;
  const refunded = refundedAmounts(payment);
  return (
    <Stack gap="lg" className="cards">
      <Stack gap="xs">
        <Group gap="sm">
          <Title order={1} size="h2">
            {texts.payment.title} <span className="foreign">{payment.shopTransactionId ?? payment.id}</span>
          </Title>
          <StateBadge state={state} />
        </Group>
        <Group gap="sm">
          {amount === undefined ? (
            <Text>{texts.payment.unknownAmount}</Text>
          ) : (
            <Text component="span" fw={700} fz="xl">
              <Money amount={amount} currency={currency} />
            </Text>
          )}
          {refunded.confirmed > 0 && (
            <Text size="sm">
              {fields.refunded} <Money amount={refunded.confirmed} currency={currency} />
            </Text>
          )}
          {refunded.open > 0 && (
            <Text size="sm">
              {fields.refundOpen} <Money amount={refunded.open} currency={currency} />
            </Text>
          )}
        </Group>
        <PaymentActions payment={payment} />
        <PaymentChanges id={payment.id} dismissible />
      </Stack>
      {truncated.length > 0 && (
        <Alert color="yellow" variant="outline">
          {texts.payment.truncated(truncated.join(', '))}
        </Alert>
      )}
      <SimpleGrid cols={{ base: 1, xl: 2 }} spacing="lg">
        <Paper withBorder p="md" component="section" aria-labelledby="facts">
          <Title order={2} size="h4" id="facts" mb="xs">
            {texts.payment.facts}
          </Title>
          <Facts
            facts={[
              [fields.external, payment.external],
              [fields.shopTransactionId, payment.shopTransactionId],
              [fields.paymentId, payment.paymentId && <Copyable value={payment.paymentId} />],
              [fields.subscriptionToken, payment.subscriptionToken],
              [fields.origin, payment.origin],
              [fields.caller, payment.caller],
              [fields.createdAt, <Time key="created" at={payment.createdAt} relative />],
              [fields.updatedAt, <Time key="updated" at={payment.updatedAt} relative />],
              [fields.questions, payment.questions > 0 && String(payment.questions)],
              [
                fields.nextQuestionAt,
                payment.nextQuestionAt && <Time at={payment.nextQuestionAt} relative />,
              ],
              [fields.parkedAt, payment.parkedAt && <Time at={payment.parkedAt} relative />],
              [fields.canceledAt, payment.canceledAt && <Time at={payment.canceledAt} relative />],
              [fields.id, <Copyable key="id" value={payment.id} />],
              [fields.traceId, payment.traceId && <TraceId value={payment.traceId} />],
            ]}
          />
          {payment.shopTransactionId !== undefined && (
            <Anchor
              component={Link}
              size="sm"
              underline="always"
              to={`/payments?${new URLSearchParams({ shopTransactionId: payment.shopTransactionId }).toString()}`}
            >
              {texts.payment.ofOrder}
            </Anchor>
          )}
        </Paper>
        <Paper withBorder p="md" component="section" aria-labelledby="refunds">
          <Title order={2} size="h4" id="refunds" mb="xs">
            {texts.payment.refunds}
          </Title>
          <RefundTable refunds={payment.refunds} events={payment.events} />
        </Paper>
      </SimpleGrid>
      <section aria-labelledby="story">
        <Title order={2} size="h4" id="story" mb="sm">
          {texts.payment.story}
        </Title>
        <Story payment={payment} />
      </section>
      <Json value={payment} />
    </Stack>
  );
}
