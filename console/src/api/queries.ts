import { QueryClient, queryOptions, type UseQueryOptions } from '@tanstack/react-query';
import type {
  AttentionItem,
  ExternalRecord,
  Me,
  NotificationRecord,
  Page,
  PaymentDetail,
  Summary,
} from './records';
import { withAdmin } from './admin';
import { recoveryMs } from './recovery';

/** Attention and health change by themselves. */
const LIVE_MS = 10_000;
/** While a circuit is open, an operator waits for the next try. */
const WATCHED_MS = 3_000;

interface Polled {
  readonly state: {
    readonly error: Error | null;
    readonly fetchMeta: { readonly fetchMore?: unknown } | null;
  };
}

const live = ({ state: { error } }: Polled): number | false => (error ? recoveryMs(error) : LIVE_MS);

/** Live, and more often while `isWatched` holds. */
const liveWhile =
  <Data>(isWatched: (data: Data) => boolean) =>
  (polled: Polled & { readonly state: { readonly data: Data | undefined } }): number | false => {
    const { data, error } = polled.state;
    return !error && data !== undefined && isWatched(data) ? WATCHED_MS : live(polled);
  };

/** What does not change by itself is requested again after a failure only; the list itself does it for its next page. */
const recover = ({ state: { error, fetchMeta } }: Polled): number | false =>
  error && !fetchMeta?.fetchMore ? recoveryMs(error) : false;

/**
 * A failure is shown at once, and the query is sent again until it succeeds. Without a network too: what is only
 * suspended says nothing.
 */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        retry: false,
        staleTime: 5_000,
        refetchOnWindowFocus: true,
        refetchInterval: recover,
        networkMode: 'always',
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  });
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }): Promise<Me> => withAdmin((admin) => admin.get('/admin/me', { signal })),
  staleTime: 60_000,
});

export const attentionQuery = queryOptions({
  queryKey: ['attention'],
  queryFn: ({ signal }): Promise<Page<AttentionItem>> =>
    withAdmin((admin) => admin.get('/admin/attention', { query: { limit: 200 }, signal })),
  refetchInterval: liveWhile(({ items }) => items.some(({ kind }) => kind === 'circuit-open')),
});

export const externalsQuery = queryOptions({
  queryKey: ['externals'],
  queryFn: ({ signal }): Promise<Page<ExternalRecord>> =>
    withAdmin((admin) => admin.get('/admin/externals', { query: { limit: 200 }, signal })),
  refetchInterval: liveWhile(({ items }) => items.some(({ circuit }) => circuit !== 'closed')),
});

export const paymentQuery = (id: string): UseQueryOptions<PaymentDetail, Error, PaymentDetail, string[]> =>
  queryOptions({
    queryKey: ['payment', id],
    queryFn: ({ signal }): Promise<PaymentDetail> =>
      withAdmin((admin) => admin.get('/admin/payments/{id}', { path: { id }, signal })),
    refetchInterval: live,
  });

/** The figures of the first page. */
export const summaryQuery = queryOptions({
  queryKey: ['summary'],
  queryFn: ({ signal }): Promise<Summary> => withAdmin((admin) => admin.get('/admin/summary', { signal })),
  refetchInterval: live,
});

/** The newest dead notifications, with what each reports. */
export const deadQuery = queryOptions({
  queryKey: ['dead'],
  queryFn: ({ signal }): Promise<Page<NotificationRecord>> =>
    withAdmin((admin) => admin.get('/admin/notifications', { query: { state: 'DEAD', limit: 200 }, signal })),
  refetchInterval: live,
});

export const waitingQuery = queryOptions({
  queryKey: ['waiting'],
  queryFn: ({ signal }): Promise<Page<NotificationRecord>> =>
    withAdmin((admin) =>
      admin.get('/admin/notifications', { query: { state: 'RETRY', limit: 200 }, signal }),
    ),
  refetchInterval: live,
});
