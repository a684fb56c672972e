import { Anchor, Group, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { deadQuery, waitingQuery } from '../../api/queries';
import type { NotificationRecord, Page } from '../../api/records';
import { Loaded } from '../../parts/loaded';
import { texts } from '../../texts/en';

/** How many notifications are dead, and how many wait. */
export function DeliveriesSummary(): ReactNode {
  const dead = useQuery(deadQuery);
  const waiting = useQuery(waitingQuery);
  return (
    <Loaded query={dead} rows={1}>
      {(deadPage) => (
        <Group gap="lg">
          <Anchor component={Link} to="/deliveries" underline="always">
            {texts.today.dead}: <b className="tabular">{countOf(deadPage)}</b>
          </Anchor>
          <Anchor component={Link} to="/deliveries" underline="always">
            {texts.today.waiting}: <b className="tabular">{countOf(waiting.data)}</b>
          </Anchor>
          {deadPage.items.length === 0 && waiting.data?.items.length === 0 && (
            <Text size="sm" c="dimmed">
              {texts.today.deliveriesFine}
            </Text>
          )}
        </Group>
      )}
    </Loaded>
  );
}

function countOf(page: Page<NotificationRecord> | undefined): string {
  if (!page) return '–';
  return page.nextCursor === null ? String(page.items.length) : texts.deliveries.atLeast(page.items.length);
}
