import { useInfiniteQuery, type UseInfiniteQueryResult } from '@tanstack/react-query';
import { useCallback, useEffect } from 'react';
import type { Page } from '../api/records';
import { recoveryMs } from '../api/recovery';
import type { ListDefinition } from './list-definition';
import { uniqueItems } from './unique-items';

const PAGE_SIZE = '100';
/** A filter without an index may leave pages empty; beyond this the operator decides whether to go on. */
const MAX_EMPTY_PAGES = 10;

export interface ListState<Item> {
  readonly query: UseInfiniteQueryResult<{ items: Item[]; pages: number }>;
  readonly items: readonly Item[];
  readonly hasMore: boolean;
  readonly loadMore: () => void;
  /** Loads the next page before it is needed; not after a failure, which is repeated later. */
  readonly loadAhead: () => void;
}

/** The items of a list, page by page, newest first. */
export function useList<Item extends { readonly id: string }>(
  { path, load }: ListDefinition<Item>,
  filters: Readonly<Record<string, string>>,
): ListState<Item> {
  const query = useInfiniteQuery({
    queryKey: [path, filters],
    queryFn: ({ pageParam, signal }): Promise<Page<Item>> =>
      load({ ...filters, limit: PAGE_SIZE, ...(pageParam !== '' && { cursor: pageParam }) }, signal),
    initialPageParam: '',
    getNextPageParam: ({ nextCursor }: Page<Item>) => nextCursor ?? undefined,
    select: ({ pages }) => ({ items: uniqueItems(pages), pages: pages.length }),
    staleTime: 15_000,
  });
  const { data, error, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage, isError } =
    query;
  const { items, pages } = data ?? { items: [], pages: 0 };
  useEffect(() => {
    if (items.length === 0 && hasNextPage && !isFetchingNextPage && !isError && pages < MAX_EMPTY_PAGES)
      void fetchNextPage();
  }, [items.length, hasNextPage, isFetchingNextPage, isError, pages, fetchNextPage]);
  const retryMs = isFetchNextPageError && recoveryMs(error);
  useEffect(() => {
    if (retryMs === false) return undefined;
    const timer = setTimeout(() => void fetchNextPage(), retryMs);
    return () => clearTimeout(timer);
  }, [retryMs, error, fetchNextPage]);
  const loadMore = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const loadAhead = useCallback(() => {
    if (!isFetchNextPageError) loadMore();
  }, [isFetchNextPageError, loadMore]);
  return { query, items, hasMore: hasNextPage, loadMore, loadAhead };
}
