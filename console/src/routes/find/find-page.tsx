import { Alert, Anchor, Button, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type SubmitEvent, type ReactNode, useEffect, useState } from 'react';
import { Link, Navigate, useSearchParams } from 'react-router';
import { withAdmin } from '../../api/admin';
import type { SearchHit, SearchResult } from '../../api/records';
import { formatMoney, parseMoney } from '../../format/money';
import { formatTime } from '../../format/time';
import { Empty } from '../../parts/empty';
import { Loaded } from '../../parts/loaded';
import { Money } from '../../parts/money';
import { StateBadge } from '../../parts/state-badge';
import { Time } from '../../parts/time';
import { texts } from '../../texts/en';
import { pageOfHit, paymentsOfAmount } from './hit-page';

/** One box for every id; an amount that is no id leads to the list of payments. */
export function FindPage(): ReactNode {
  const [parameters, setParameters] = useSearchParams();
  const q = parameters.get('q') ?? '';
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const wanted = text.trim();
    setParameters(wanted === '' ? {} : { q: wanted });
  };
  return (
    <Stack className="cards">
      <Title order={1} size="h2">
        {texts.find.title}
      </Title>
      <form onSubmit={submit} role="search">
        <Group align="flex-end" gap="xs">
          <TextInput
            label={texts.find.label}
            description={texts.find.help}
            placeholder={texts.find.placeholder}
            value={text}
            onChange={({ currentTarget: { value } }) => setText(value)}
            flex="1 1 16rem"
            maxLength={255}
            autoFocus
            autoComplete="off"
          />
          <Button type="submit">{texts.find.search}</Button>
        </Group>
      </form>
      {q !== '' && <Results q={q} />}
    </Stack>
  );
}

function Results({ q }: { readonly q: string }): ReactNode {
  const money = parseMoney(q);
  const query = useQuery({
    queryKey: ['search', q],
    queryFn: ({ signal }): Promise<SearchResult> =>
      withAdmin((admin) => admin.get('/admin/search', { query: { q }, signal })),
  });
  // An order may be called `CAD100`.
  if (money && query.data?.items.length === 0) return <Navigate replace to={paymentsOfAmount(money)} />;
  return (
    <Loaded query={query}>
      {({ items, searched, requestsSince }) => (
        <Stack gap="xs">
          <Text size="sm" c="dimmed" role="status">
            {texts.find.searched(searched.map(nameOf).join(', '))}
            {requestsSince !== undefined && ` ${texts.find.since(formatTime(requestsSince))}`}
          </Text>
          {money && (
            <Alert color="blue" variant="outline">
              <Anchor component={Link} to={paymentsOfAmount(money)} underline="always">
                {texts.find.ofAmount(formatMoney(money.amount, money.currency))}
              </Anchor>
            </Alert>
          )}
          {items.length === 0 ? (
            <Empty title={texts.find.nothing(q)} text={texts.find.nothingHelp} />
          ) : (
            items.map((hit) => <Hit key={hit.id} hit={hit} />)
          )}
        </Stack>
      )}
    </Loaded>
  );
}

function nameOf(name: string): string {
  return texts.find.names[name] ?? name;
}

function Hit({ hit }: { readonly hit: SearchHit }): ReactNode {
  const kind = texts.find.kinds[hit.kind] ?? hit.kind;
  const name = hit.shopTransactionId ?? hit.id;
  return (
    <Paper withBorder p="sm" component="article" aria-label={`${kind} ${name}`}>
      <Group gap="4px 12px">
        <Text fw={600}>{kind}</Text>
        <Anchor component={Link} to={pageOfHit(hit)} underline="always" className="foreign">
          {name}
        </Anchor>
        {hit.state !== undefined && <StateBadge state={hit.state} />}
        {hit.amount !== undefined && <Money amount={hit.amount} currency={hit.currency} />}
        {hit.external !== undefined && <Text size="sm">{hit.external}</Text>}
        <Time at={hit.createdAt} relative />
        <Text size="sm" c="dimmed">
          {texts.find.matched} {nameOf(hit.matched)}
        </Text>
      </Group>
    </Paper>
  );
}
