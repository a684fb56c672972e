import { createHashRouter } from 'react-router';
import { CrashPage, NotFoundPage } from './error-pages';
import { Shell } from './shell';
import { TodayPage } from '../routes/today/today-page';

/**
 * The pages, in the fragment of the address: the gateway serves one page, under any prefix, and ids of customers do not
 * get into the logs of proxies. All but the first page are loaded when they are opened.
 */
export function createRouter(): ReturnType<typeof createHashRouter> {
  return createHashRouter([
    {
      path: '/',
      Component: Shell,
      ErrorBoundary: CrashPage,
      HydrateFallback: () => null,
      children: [
        { index: true, Component: TodayPage },
        {
          path: 'find',
          lazy: async () => ({ Component: (await import('../routes/find/find-page')).FindPage }),
        },
        {
          path: 'payments',
          lazy: async () => ({ Component: (await import('../routes/payments/payments-page')).PaymentsPage }),
        },
        {
          path: 'payments/:id',
          lazy: async () => ({ Component: (await import('../routes/payment/payment-page')).PaymentPage }),
        },
        {
          path: 'refunds',
          lazy: async () => ({ Component: (await import('../routes/refunds/refunds-page')).RefundsPage }),
        },
        {
          path: 'subscriptions',
          lazy: async () => ({
            Component: (await import('../routes/subscriptions/subscriptions-page')).SubscriptionsPage,
          }),
        },
        {
          path: 'notifications',
          lazy: async () => ({
            Component: (await import('../routes/notifications/notifications-page')).NotificationsPage,
          }),
        },
        {
          path: 'callbacks',
          lazy: async () => ({
            Component: (await import('../routes/callbacks/callbacks-page')).CallbacksPage,
          }),
        },
        {
          path: 'operations',
          lazy: async () => ({
            Component: (await import('../routes/operations/operations-page')).OperationsPage,
          }),
        },
        {
          path: 'deliveries',
          lazy: async () => ({
            Component: (await import('../routes/deliveries/deliveries-page')).DeliveriesPage,
          }),
        },
        {
          path: 'externals',
          lazy: async () => ({
            Component: (await import('../routes/externals/externals-page')).ExternalsPage,
          }),
        },
        {
          path: 'audit',
          lazy: async () => ({ Component: (await import('../routes/audit/audit-page')).AuditPage }),
        },
        { path: '*', Component: NotFoundPage },
      ],
    },
  ]);
}
