import type { AdminItem, AdminListPath } from '@tollgate/client';
import { withAdmin } from './admin';
import type { Page } from './records';

type Load<Path extends AdminListPath> = (
  query: Record<string, string>,
  signal: AbortSignal,
) => Promise<Page<AdminItem<Path>>>;

/** Loads a page of a list; the filters come from the address, and the API checks them. */
export function loadPage<Path extends AdminListPath>(path: Path): Load<Path> {
  return (query, signal) =>
    withAdmin((admin) => admin.get(path, { query, signal } as never)) as Promise<Page<AdminItem<Path>>>;
}
