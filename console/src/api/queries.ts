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

/** Attention and health change by themselves. */
const LIVE_MS = 10_000;

/** The client repeats what can be repeated; another layer of repeats would only delay what a person reads. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: false, staleTime: 5_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
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
  refetchInterval: LIVE_MS,
});

export const externalsQuery = queryOptions({
  queryKey: ['externals'],
  queryFn: ({ signal }): Promise<Page<ExternalRecord>> =>
    withAdmin((admin) => admin.get('/admin/externals', { query: { limit: 200 }, signal })),
  refetchInterval: LIVE_MS,
});

export const paymentQuery = (id: string): UseQueryOptions<PaymentDetail, Error, PaymentDetail, string[]> =>
  queryOptions({
    queryKey: ['payment', id],
    queryFn: ({ signal }): Promise<PaymentDetail> =>
      withAdmin((admin) => admin.get('/admin/payments/{id}', { path: { id }, signal })),
    refetchInterval: LIVE_MS,
  });

/** The figures of the first page. */
export const summaryQuery = queryOptions({
  queryKey: ['summary'],
  queryFn: ({ signal }): Promise<Summary> => withAdmin((admin) => admin.get('/admin/summary', { signal })),
  refetchInterval: LIVE_MS,
});

/** The newest dead notifications, with what each reports. */
export const deadQuery = queryOptions({
  queryKey: ['dead'],
  queryFn: ({ signal }): Promise<Page<NotificationRecord>> =>
    withAdmin((admin) => admin.get('/admin/notifications', { query: { state: 'DEAD', limit: 200 }, signal })),
  refetchInterval: LIVE_MS,
});

export const waitingQuery = queryOptions({
  queryKey: ['waiting'],
  queryFn: ({ signal }): Promise<Page<NotificationRecord>> =>
    withAdmin((admin) =>
      admin.get('/admin/notifications', { query: { state: 'RETRY', limit: 200 }, signal }),
    ),
  refetchInterval: LIVE_MS,
});
