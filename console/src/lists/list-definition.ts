import type { AdminCsvPath } from '@tollgate/client';
import type { ReactNode } from 'react';
import type { Page } from '../api/records';
import type { ColumnKind } from './column-width';

/** A filter of a list: a parameter of the API, kept in the address. */
export interface Filter {
  readonly name: string;
  readonly label: string;
  /** The values of a closed set; undefined: a text. */
  readonly options?: readonly string[];
  /** The words of a page for them; those that it lacks are shown as they are. */
  readonly words?: Readonly<Record<string, string>> | undefined;
  /** `code`: in upper case. */
  readonly kind?: 'text' | 'time' | 'external' | 'amount' | 'code';
}

export interface Column<Item> {
  readonly id: string;
  readonly label: string;
  readonly cell: (item: Item) => ReactNode;
  /** Not shown until it is chosen. */
  readonly hidden?: boolean;
  /** What it holds, which decides its width; undefined: a text. */
  readonly kind?: ColumnKind;
}

/** A list of the API as a page. */
export interface ListDefinition<Item extends { readonly id: string }> {
  readonly title: string;
  readonly help?: string;
  /** The path of the API; the first part of the query’s key. */
  readonly path: AdminCsvPath;
  readonly filters: readonly Filter[];
  readonly columns: readonly Column<Item>[];
  readonly load: (query: Record<string, string>, signal: AbortSignal) => Promise<Page<Item>>;
  /** The page of an item; undefined: its details open beside the list. */
  readonly href?: (item: Item) => string | undefined;
  readonly details?: (item: Item) => ReactNode;
}

const CHOSEN_COLUMNS = 'columns';
const OPEN_ITEM = 'item';

/** The filters in the address that the list knows, and that are not empty. */
export function filtersIn(
  parameters: URLSearchParams,
  filters: readonly Filter[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(
    filters.flatMap(({ name }) => {
      const value = parameters.get(name);
      return value === null || value === '' ? [] : [[name, value]];
    }),
  );
}

/** The address with one parameter changed; an empty value removes it. */
export function withParameter(parameters: URLSearchParams, name: string, value: string): URLSearchParams {
  const changed = new URLSearchParams(parameters);
  if (value === '') changed.delete(name);
  else changed.set(name, value);
  return changed;
}

/** The columns to show: those that the address names, else those that are not hidden. */
export function columnsIn<Item>(
  parameters: URLSearchParams,
  columns: readonly Column<Item>[],
): readonly Column<Item>[] {
  const chosen = parameters.get(CHOSEN_COLUMNS)?.split(',');
  const shown = columns.filter(({ id, hidden }) => chosen?.includes(id) ?? !hidden);
  return shown.length > 0 ? shown : columns.filter(({ hidden }) => !hidden);
}

/** The address with one column shown or hidden; at least one stays. */
export function withColumn<Item>(
  parameters: URLSearchParams,
  columns: readonly Column<Item>[],
  id: string,
): URLSearchParams {
  const shown = columnsIn(parameters, columns).map((column) => column.id);
  const next = shown.includes(id) ? shown.filter((each) => each !== id) : [...shown, id];
  return withParameter(parameters, CHOSEN_COLUMNS, next.length === 0 ? shown.join(',') : next.join(','));
}

export function openItemIn(parameters: URLSearchParams): string | undefined {
  return parameters.get(OPEN_ITEM) ?? undefined;
}

export function withOpenItem(parameters: URLSearchParams, id: string | undefined): URLSearchParams {
  return withParameter(parameters, OPEN_ITEM, id ?? '');
}
