import { Anchor, Group, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { summaryQuery } from '../../api/queries';
import { Loaded } from '../../parts/loaded';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const { today } = texts;

/** How many notifications of each receiver are dead, and how many wait. */
export function DeliveriesSummary(): ReactNode {
  const query = useQuery(summaryQuery);
  return (
    <Loaded query={query} rows={1}>
      {({ deliveries }) => (
        <Stack gap={4}>
          {deliveries.every(({ dead, waiting }) => dead + waiting === 0) && (
            <Text size="sm">{today.deliveriesFine}</Text>
          )}
          {deliveries
            .filter(({ dead, waiting }) => dead + waiting > 0)
            .map(({ receiver, dead, waiting, oldestWaitingSince }) => (
              <Group key={receiver} gap="md">
                <Anchor component={Link} to="/deliveries" underline="always" size="sm" className="foreign">
                  {receiver}
                </Anchor>
                <Text size="sm" className="tabular">
                  {today.dead}: <b>{dead}</b>
                </Text>
                <Text size="sm" className="tabular">
                  {today.waiting}: <b>{waiting}</b>
                </Text>
                {waiting > 0 && oldestWaitingSince !== undefined && (
                  <Text size="sm" component="span" c="dimmed">
                    {today.waitingSince} <Time at={oldestWaitingSince} />
                  </Text>
                )}
              </Group>
            ))}
        </Stack>
      )}
    </Loaded>
  );
}
