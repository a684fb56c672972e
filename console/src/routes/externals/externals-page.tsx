import { Group, List, Paper, SimpleGrid, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { externalsQuery } from '../../api/queries';
import type { ExternalRecord } from '../../api/records';
import { formatDuration, formatMs } from '../../format/time';
import { Facts } from '../../parts/facts';
import { Json } from '../../parts/json';
import { Loaded } from '../../parts/loaded';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';
import { warningsOf } from './warnings';

const { external: words, fields } = texts;

/** The externals: configuration in force, health, operations offered, warnings. */
export function ExternalsPage(): ReactNode {
  const query = useQuery(externalsQuery);
  return (
    <Stack className="cards">
      <Title order={1} size="h2">
        {texts.navigation.externals}
      </Title>
      <Text size="sm" c="dimmed">
        {texts.today.externalsHelp} {words.secretsMasked}
      </Text>
      <Loaded query={query}>
        {({ items }) => (
          <Stack>
            {items.map((each) => (
              <ExternalSection key={each.external} external={each} />
            ))}
          </Stack>
        )}
      </Loaded>
    </Stack>
  );
}

const yesOrNo = (value: boolean): string => (value ? fields.yes : fields.no);

function ExternalSection({ external: each }: { readonly external: ExternalRecord }): ReactNode {
  const { circuit, circuitBreaker, latency, lastFailureAt, lastFailure, lastSuccessAt } = each;
  const warnings = warningsOf(each);
  return (
    <Paper withBorder p="md" component="section" aria-label={each.external}>
      <Group mb="sm">
        <Title order={2} size="h4">
          {each.external}
        </Title>
        <StateBadge state={circuit} label={words.circuit[circuit]} />
      </Group>
      {circuit !== 'closed' && (
        <Text size="sm" mb="sm">
          {words.openHelp}
        </Text>
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Facts
          facts={[
            [words.inFlight, `${each.inFlight} / ${each.maxConcurrency}`],
            [words.p95, latency && `${formatMs(latency.p95Ms)} ${words.calls(latency.calls)}`],
            [words.lastSuccess, lastSuccessAt ? <Time at={lastSuccessAt} relative /> : words.never],
            [words.lastFailure, lastFailureAt ? <Time at={lastFailureAt} relative /> : words.never],
            [fields.reason, lastFailure],
            [words.operations, each.operations.join(', ')],
          ]}
        />
        <Facts
          facts={[
            [fields.url, each.baseUrl],
            [fields.timeout, formatMs(each.timeoutMs)],
            [
              fields.breaker,
              fields.breakerText(
                circuitBreaker.failures,
                formatDuration(circuitBreaker.windowMs),
                formatDuration(circuitBreaker.openMs),
              ),
            ],
            [fields.auth, each.auth],
            [fields.callbackAuth, each.callbackAuth],
            [fields.allowedIps, each.callbackAllowedIps?.join(', ')],
            [fields.duplicates, each.duplicatePayments],
            [fields.idempotency, yesOrNo(each.honoursIdempotencyKey)],
            [fields.statusByOrder, yesOrNo(each.statusByShopTransactionId)],
            [fields.pushedStatus, each.callbackStatus],
          ]}
        />
      </SimpleGrid>
      <Title order={3} size="h6" mt="sm">
        {words.warnings}
      </Title>
      {warnings.length === 0 ? (
        <Text size="sm">{words.noWarnings}</Text>
      ) : (
        <List size="sm">
          {warnings.map((warning) => (
            <List.Item key={warning}>{warning}</List.Item>
          ))}
        </List>
      )}
      <Group mt="sm">
        <Json value={each} />
      </Group>
    </Paper>
  );
}
