import { queryOptions, type UseQueryOptions } from '@tanstack/react-query';
import type { ListDefinition } from './list-definition';

/**
 * An item that a link names, wherever in the list it is; null: there is none. Ids are UUIDs of version 7, whose first
 * 48 bits are the time of their creation in milliseconds (RFC 9562 §5.7), by which the lists can be limited.
 */
export function itemQuery<Item extends { readonly id: string }>(
  { path, load }: ListDefinition<Item>,
  id: string,
): UseQueryOptions<Item | null, Error, Item | null, string[]> {
  return queryOptions({
    queryKey: [path, 'item', id],
    queryFn: async ({ signal }): Promise<Item | null> => {
      const createdMs = createdAtMs(id);
      if (createdMs === undefined) return null;
      const [from, to] = [createdMs, createdMs + 1].map((ms) => new Date(ms).toISOString());
      const { items } = await load({ from: from!, to: to!, limit: '200' }, signal);
      return items.find((each) => each.id === id) ?? null;
    },
  });
}

function createdAtMs(id: string): number | undefined {
  const match = /^[a-z]+_([0-9a-f]{8})-([0-9a-f]{4})-7/.exec(id);
  return match ? Number.parseInt(match[1]! + match[2]!, 16) : undefined;
}
