import type { Page } from '../api/records';

/** An item that changed between two pages is in both: the first one is the newer. */
export function uniqueItems<Item extends { readonly id: string }>(pages: readonly Page<Item>[]): Item[] {
  const seen = new Set<string>();
  return pages
    .flatMap(({ items }) => items)
    .filter(({ id }) => {
      if (seen.has(id)) return false;
      seen.add(id);
      return true;
    });
}
