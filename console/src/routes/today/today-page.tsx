import { Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense } from 'react';
import { attentionQuery, externalsQuery } from '../../api/queries';
import { idle } from '../../parts/idle';
import { Loaded } from '../../parts/loaded';
import { texts } from '../../texts/en';
import { AttentionList } from './attention-list';
import { DeliveriesSummary } from './deliveries-summary';
import { ExternalCards } from './external-cards';

/** The charts are most of the console’s size: nothing of them is loaded before what needs an operator is shown and answers. */
const Figures = lazy(async () => {
  await idle();
  return { default: (await import('./figures')).Figures };
});

/** What needs an operator first, then how the externals, the deliveries and the money are. */
export function TodayPage(): ReactNode {
  const attention = useQuery(attentionQuery);
  const externals = useQuery(externalsQuery);
  return (
    <Stack gap="lg" className="cards">
      <Title order={1} size="h2">
        {texts.today.title}
      </Title>
      <section aria-labelledby="attention">
        <Title order={2} size="h4" id="attention" mb="xs">
          {texts.today.attention}
        </Title>
        <Loaded query={attention}>{(page) => <AttentionList page={page} />}</Loaded>
      </section>
      <section aria-labelledby="externals">
        <Title order={2} size="h4" id="externals" mb="xs">
          {texts.today.externals}
        </Title>
        <Loaded query={externals} rows={1}>
          {({ items }) => <ExternalCards externals={items} />}
        </Loaded>
      </section>
      <section aria-labelledby="deliveries">
        <Title order={2} size="h4" id="deliveries" mb="xs">
          {texts.today.deliveries}
        </Title>
        <DeliveriesSummary />
      </section>
      {!attention.isPending && !externals.isPending && (
        <Suspense fallback={null}>
          <Figures />
        </Suspense>
      )}
    </Stack>
  );
}
