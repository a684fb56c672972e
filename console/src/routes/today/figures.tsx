import '@mantine/charts/styles.css';
import { BarChart } from '@mantine/charts';
import { Group, NativeSelect, Paper, SimpleGrid, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { summaryQuery } from '../../api/queries';
import type { PeriodSummary, Summary, TotalRecord } from '../../api/records';
import { formatClock } from '../../format/time';
import { Loaded } from '../../parts/loaded';
import { Money } from '../../parts/money';
import { StateBadge } from '../../parts/state-badge';
import { texts } from '../../texts/en';
import { chartData, currenciesOf } from './chart-data';

const { today, fields, navigation } = texts;

/** The colours of states, readable on both backgrounds. */
const COLORS: Readonly<Record<string, string>> = {
  ACCEPTED: 'green.7',
  OK: 'green.7',
  PENDING: 'blue.6',
  CREATED: 'cyan.6',
  FAILED: 'gray.6',
  KO: 'gray.6',
  UNKNOWN: 'red.7',
};

const hour = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });

/** Payments, refunds and amounts by currency and state, drawn and as a table. */
export function Figures(): ReactNode {
  const query = useQuery(summaryQuery);
  return <Loaded query={query}>{(summary) => <Content summary={summary} />}</Loaded>;
}

function Content({ summary: data }: { readonly summary: Summary }): ReactNode {
  const [period, setPeriod] = useState<'last24Hours' | 'last30Days'>('last24Hours');
  const [value, setValue] = useState<'items' | 'amount'>('items');
  const [chosen, setChosen] = useState('');
  const shown = data[period];
  const currencies = currenciesOf(shown);
  const currency = currencies.includes(chosen) ? chosen : (currencies[0] ?? '');
  return (
    <section aria-labelledby="figures">
      <Group justify="space-between" mb="xs" align="flex-end">
        <Title order={2} size="h4" id="figures">
          {today.figures}
        </Title>
        <Group gap="xs" align="flex-end">
          <NativeSelect
            size="xs"
            label={today.period}
            value={period}
            onChange={({ currentTarget }) => setPeriod(currentTarget.value as typeof period)}
            data={[
              { value: 'last24Hours', label: today.day },
              { value: 'last30Days', label: today.month },
            ]}
          />
          <NativeSelect
            size="xs"
            label={today.drawn}
            value={value}
            onChange={({ currentTarget }) => setValue(currentTarget.value as typeof value)}
            data={[
              { value: 'items', label: today.count },
              { value: 'amount', label: today.sum },
            ]}
          />
          {currencies.length > 1 && (
            <NativeSelect
              size="xs"
              label={today.currency}
              value={currency}
              onChange={({ currentTarget }) => setChosen(currentTarget.value)}
              data={[...currencies]}
            />
          )}
        </Group>
      </Group>
      {currency === '' ? (
        <Text size="sm">{today.noFigures}</Text>
      ) : (
        <SimpleGrid cols={{ base: 1, lg: 2 }}>
          <Totals
            title={navigation.payments}
            totals={shown.payments}
            period={shown}
            currency={currency}
            value={value}
          />
          <Totals
            title={navigation.refunds}
            totals={shown.refunds}
            period={shown}
            currency={currency}
            value={value}
          />
        </SimpleGrid>
      )}
      <Text size="sm" c="dimmed" mt="xs">
        {today.updated(formatClock(new Date(data.countedAt ?? data.at)))}
      </Text>
    </section>
  );
}

function Totals({
  title,
  totals,
  period,
  currency,
  value,
}: {
  readonly title: string;
  readonly totals: readonly TotalRecord[];
  readonly period: PeriodSummary;
  readonly currency: string;
  readonly value: 'items' | 'amount';
}): ReactNode {
  const format = period.stepHours < 24 ? hour : day;
  const { series, rows } = chartData(totals, period, { currency, value, label: (at) => format.format(at) });
  const own = totals.filter((each) => each.currency === currency);
  return (
    <Paper withBorder p="sm" component="article" aria-label={title}>
      <Stack gap="xs">
        <Title order={3} size="h5">
          {title}, {currency}
        </Title>
        {own.length === 0 ? (
          <Text size="sm">{today.noFigures}</Text>
        ) : (
          <>
            <div aria-hidden="true">
              <BarChart
                h={180}
                data={rows.map((row) => ({ ...row }))}
                dataKey="step"
                type="stacked"
                series={series.map((name) => ({ name, color: COLORS[name] ?? 'gray.6' }))}
                yAxisProps={{ allowDecimals: value === 'amount' }}
                xAxisProps={{ interval: 'equidistantPreserveStart' }}
                barChartProps={{ accessibilityLayer: false }}
              />
            </div>
            <Table aria-label={title}>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">{fields.state}</Table.Th>
                  <Table.Th scope="col" ta="end">
                    {today.count}
                  </Table.Th>
                  <Table.Th scope="col" ta="end">
                    {today.sum}
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {own.map(({ state, items, amount }) => (
                  <Table.Tr key={state}>
                    <Table.Td>
                      <StateBadge state={state} />
                    </Table.Td>
                    <Table.Td className="tabular" ta="end">
                      {items}
                    </Table.Td>
                    <Table.Td ta="end">
                      <Money amount={amount} currency={currency} />
                    </Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </>
        )}
      </Stack>
    </Paper>
  );
}
