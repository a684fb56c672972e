import type { AdminCsvPath } from '@tollgate/client';
import { Button, Checkbox, Drawer, Group, Popover, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type ReactNode, useCallback, useMemo } from 'react';
import { type To, useNavigate, useSearchParams } from 'react-router';
import { useDialogs } from '../actions/action-host';
import { csvOf } from '../api/admin';
import { Empty } from '../parts/empty';
import { Loaded } from '../parts/loaded';
import { ProblemAlert } from '../parts/problem-alert';
import { texts } from '../texts/en';
import { FilterBar } from './filter-bar';
import {
  columnsIn,
  filtersIn,
  type ListDefinition,
  openItemIn,
  withColumn,
  withOpenItem,
} from './list-definition';
import { downloadText } from './download';
import { itemQuery } from './item-query';
import { useList } from './use-list';
import { VirtualTable } from './virtual-table';

const CSV_PAGES = 50;
const CSV_ROWS = CSV_PAGES * 200;

/** A list with its filters in the address, its columns to choose, CSV and details. */
export function ListPage<Item extends { readonly id: string }>({
  definition,
}: {
  readonly definition: ListDefinition<Item>;
}): ReactNode {
  const { title, help, columns, filters: known, href, details } = definition;
  const [parameters, setParameters] = useSearchParams();
  const navigate = useNavigate();
  const { isOpen } = useDialogs();
  const filters = useMemo(() => filtersIn(parameters, known), [parameters, known]);
  const { query, items, hasMore, loadMore, loadAhead } = useList(definition, filters);
  const shown = useMemo(() => columnsIn(parameters, columns), [parameters, columns]);
  const openId = openItemIn(parameters);
  const loaded = openId === undefined ? undefined : items.find(({ id }) => id === openId);
  const linked = useQuery({
    ...itemQuery(definition, openId ?? ''),
    enabled: openId !== undefined && loaded === undefined && !query.isPending,
  });
  const openItem = loaded ?? linked.data ?? undefined;
  const filtered = Object.keys(filters).length > 0;
  const hrefOf = useCallback(
    (item: Item): To => href?.(item) ?? { search: withOpenItem(parameters, item.id).toString() },
    [href, parameters],
  );
  const open = useCallback((item: Item) => void navigate(hrefOf(item)), [navigate, hrefOf]);
  return (
    <div className="list-page">
      <Group justify="space-between">
        <Title order={1} size="h2">
          {title}
        </Title>
        <Group gap="xs">
          <ColumnChooser
            columns={columns}
            shown={shown.map(({ id }) => id)}
            onToggle={(id) => setParameters(withColumn(parameters, columns, id), { replace: true })}
          />
          <CsvButton path={definition.path} filters={filters} name={title} />
        </Group>
      </Group>
      {help !== undefined && (
        <Text size="sm" c="dimmed">
          {help}
        </Text>
      )}
      <FilterBar filters={known} />
      <Loaded query={query} rows={8}>
        {() =>
          items.length === 0 ? (
            <Stack align="center">
              {hasMore ? (
                <>
                  <Text role="status">{texts.lists.searching}</Text>
                  <Button variant="default" onClick={loadMore} loading={query.isFetchingNextPage}>
                    {texts.lists.loadMore}
                  </Button>
                </>
              ) : (
                <Empty
                  title={filtered ? texts.lists.nothing : texts.lists.nothingYet}
                  text={filtered ? texts.lists.nothingHelp : texts.lists.nothingYetHelp}
                />
              )}
            </Stack>
          ) : (
            <>
              <VirtualTable
                label={title}
                columns={shown}
                items={items}
                hasMore={hasMore}
                onEnd={loadAhead}
                hrefOf={hrefOf}
                onOpen={open}
              />
              <Group justify="space-between">
                <Text size="sm" c="dimmed" role="status">
                  {texts.lists.rows(items.length, hasMore)}
                </Text>
                {hasMore && (
                  <Button size="xs" variant="default" onClick={loadMore} loading={query.isFetchingNextPage}>
                    {texts.lists.loadMore}
                  </Button>
                )}
              </Group>
            </>
          )
        }
      </Loaded>
      {query.isFetchNextPageError && <ProblemAlert error={query.error} onRetry={loadMore} />}
      <Drawer
        opened={openId !== undefined && (openItem !== undefined || linked.isFetched)}
        onClose={() => setParameters(withOpenItem(parameters, undefined))}
        // The dialog of an act is above it.
        closeOnEscape={!isOpen}
        position="right"
        size="xl"
        title={texts.lists.details(title)}
        closeButtonProps={{ 'aria-label': texts.actions.close }}
      >
        {openItem
          ? details?.(openItem)
          : linked.isFetched && (
              <Loaded query={linked}>
                {() => <Empty title={texts.lists.noItem} text={texts.lists.noItemHelp} />}
              </Loaded>
            )}
      </Drawer>
    </div>
  );
}

function ColumnChooser({
  columns,
  shown,
  onToggle,
}: {
  readonly columns: readonly { readonly id: string; readonly label: string }[];
  readonly shown: readonly string[];
  readonly onToggle: (id: string) => void;
}): ReactNode {
  return (
    <Popover position="bottom-end" trapFocus returnFocus withArrow>
      <Popover.Target>
        <Button size="xs" variant="default">
          {texts.lists.columns}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={texts.lists.columns}>
        <Stack gap="xs">
          {columns.map(({ id, label }) => (
            <Checkbox
              key={id}
              size="sm"
              label={label}
              checked={shown.includes(id)}
              onChange={() => onToggle(id)}
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

function CsvButton({
  path,
  filters,
  name,
}: {
  readonly path: AdminCsvPath;
  readonly filters: Readonly<Record<string, string>>;
  readonly name: string;
}): ReactNode {
  const download = useMutation({
    mutationFn: async () => {
      downloadText(await csvOf(path, filters, CSV_PAGES), `${name.toLowerCase()}.csv`);
    },
  });
  return (
    <>
      <Button
        size="xs"
        variant="default"
        onClick={() => download.mutate()}
        loading={download.isPending}
        title={texts.lists.csvLimit(CSV_ROWS)}
      >
        {texts.lists.csv}
      </Button>
      {download.error && <ProblemAlert error={download.error} />}
    </>
  );
}
