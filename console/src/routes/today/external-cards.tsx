import { Anchor, Group, Paper, SimpleGrid, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { summaryQuery } from '../../api/queries';
import type { ExternalRecord } from '../../api/records';
import { formatMs } from '../../format/time';
import { Facts } from '../../parts/facts';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';

const percent = new Intl.NumberFormat(undefined, { style: 'percent', maximumFractionDigits: 1 });

/** The health of the externals, those in trouble first. */
export function ExternalCards({ externals }: { readonly externals: readonly ExternalRecord[] }): ReactNode {
  const sorted = externals.toSorted(
    (a, b) => Number(a.circuit === 'closed') - Number(b.circuit === 'closed'),
  );
  return (
    <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }} spacing="xs">
      {sorted.map((external) => (
        <ExternalCard key={external.external} external={external} />
      ))}
    </SimpleGrid>
  );
}

function ExternalCard({ external: each }: { readonly external: ExternalRecord }): ReactNode {
  const { circuit, lastFailureAt, lastFailure, lastSuccessAt, latency } = each;
  const { data } = useQuery(summaryQuery);
  const { lastHour, nextTryAt } = data?.externals.find(({ external }) => external === each.external) ?? {};
  // Without figures of the last hour, those of the recent calls.
  const p95 = lastHour?.p95Ms ?? latency?.p95Ms;
  return (
    <Paper withBorder p="sm" component="article" aria-label={each.external}>
      <Group justify="space-between" mb="xs">
        <Anchor component={Link} to="/externals" fw={600} underline="always">
          {each.external}
        </Anchor>
        <StateBadge state={circuit} label={texts.external.circuit[circuit]} />
      </Group>
      <Facts
        facts={[
          [texts.external.inFlight, `${each.inFlight} / ${each.maxConcurrency}`],
          [texts.external.p95, p95 && formatMs(p95)],
          [
            texts.external.successRate,
            lastHour && `${percent.format(lastHour.successRate)} ${texts.external.calls(lastHour.calls)}`,
          ],
          [texts.external.nextTry, nextTryAt && <Time at={nextTryAt} relative />],
          [texts.external.lastSuccess, lastSuccessAt && <Time at={lastSuccessAt} relative />],
          [texts.external.lastFailure, lastFailureAt && <Time at={lastFailureAt} relative />],
        ]}
      />
      {lastFailure !== undefined && (
        <Text size="sm" className="foreign" mt={4}>
          {lastFailure}
        </Text>
      )}
      {circuit !== 'closed' && (
        <Text size="sm" c="dimmed" mt={4}>
          {texts.external.openHelp}
        </Text>
      )}
    </Paper>
  );
}
