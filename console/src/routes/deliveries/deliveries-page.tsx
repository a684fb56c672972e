import { Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { deadQuery, waitingQuery } from '../../api/queries';
import { Empty } from '../../parts/empty';
import { Loaded } from '../../parts/loaded';
import { ScopeNote } from '../../parts/scope-note';
import { texts } from '../../texts/en';
import { byReceiver } from './by-receiver';
import { ReceiverSection } from './receiver-section';

const { deliveries } = texts;

/** What receivers have not accepted: the dead, which wait for an operator, then those that the gateway still sends. */
export function DeliveriesPage(): ReactNode {
  const dead = useQuery(deadQuery);
  const waiting = useQuery(waitingQuery);
  return (
    <Stack gap="lg" className="cards">
      <Title order={1} size="h2">
        {deliveries.title}
      </Title>
      <section aria-labelledby="dead">
        <Title order={2} size="h4" id="dead">
          {deliveries.dead}
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {deliveries.deadHelp}
        </Text>
        <Loaded query={dead}>
          {(page) =>
            page.items.length === 0 ? (
              <Empty title={deliveries.none} text={deliveries.noneHelp} />
            ) : (
              <Stack>
                <ScopeNote need="act" />
                {byReceiver(page).map((group) => (
                  <ReceiverSection key={group.receiver} group={group} replayable />
                ))}
              </Stack>
            )
          }
        </Loaded>
      </section>
      <section aria-labelledby="waiting">
        <Title order={2} size="h4" id="waiting">
          {deliveries.waiting}
        </Title>
        <Text size="sm" c="dimmed" mb="xs">
          {deliveries.waitingHelp}
        </Text>
        <Loaded query={waiting}>
          {(page) =>
            page.items.length === 0 ? (
              <Text size="sm">{deliveries.noneWaiting}</Text>
            ) : (
              <Stack>
                {byReceiver(page).map((group) => (
                  <ReceiverSection key={group.receiver} group={group} replayable={false} />
                ))}
              </Stack>
            )
          }
        </Loaded>
      </section>
    </Stack>
  );
}
