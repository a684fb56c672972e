import type { ComponentType } from 'react';
import { loadDialogs } from '../actions/dialogs';
import { idle } from '../parts/idle';

/** The pages that are loaded apart from the first one, by their addresses. */
export const LAZY_PAGES: Readonly<Record<string, () => Promise<ComponentType>>> = {
  find: async () => (await import('../routes/find/find-page')).FindPage,
  payments: async () => (await import('../routes/payments/payments-page')).PaymentsPage,
  'payments/:id': async () => (await import('../routes/payment/payment-page')).PaymentPage,
  refunds: async () => (await import('../routes/refunds/refunds-page')).RefundsPage,
  subscriptions: async () => (await import('../routes/subscriptions/subscriptions-page')).SubscriptionsPage,
  notifications: async () => (await import('../routes/notifications/notifications-page')).NotificationsPage,
  callbacks: async () => (await import('../routes/callbacks/callbacks-page')).CallbacksPage,
  operations: async () => (await import('../routes/operations/operations-page')).OperationsPage,
  deliveries: async () => (await import('../routes/deliveries/deliveries-page')).DeliveriesPage,
  externals: async () => (await import('../routes/externals/externals-page')).ExternalsPage,
  audit: async () => (await import('../routes/audit/audit-page')).AuditPage,
};

export async function loadSessionEnded(): Promise<ComponentType> {
  return (await import('../session/session-ended')).SessionEnded;
}

/** Loads the dialogs while the first page waits for what it shows: its first click opens one. */
export async function preloadDialogs(): Promise<void> {
  await Promise.allSettled([loadDialogs()]);
}

/** Loads the other pages once the first is shown: they open while the gateway does not answer, and say so themselves. */
export async function preloadPages(): Promise<void> {
  await preloadDialogs();
  await idle();
  await Promise.allSettled([loadSessionEnded(), ...Object.values(LAZY_PAGES).map((load) => load())]);
}
