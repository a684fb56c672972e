import type { Book } from './book.js';
import type { BookedPayment } from './records.js';
import { displayAmount } from './display-amount.js';
import { badge, facts, html, sendPage, type Html } from './html.js';
import type { Routes } from './http.js';
import type { DeliveredNotification } from './delivered-notification.js';

/**
 * The pages to which a payer returns where a payment names no shop, or one that cannot exist. Requests may name them as
 * `successRedirectUrl` and `failureRedirectUrl`.
 */
export function shopRoutes(
  book: Book,
  notificationsOf: (paymentId: string) => readonly DeliveredNotification[],
): Routes {
  const shopPage = (title: string, lead: string): Routes[string] => ({
    get: ({ query: { paymentId } }, response) => {
      const payment = book.payment(paymentId);
      const news = payment && newsOf(payment, notificationsOf(payment.paymentId));
      const content = html`<section>
          <h1>${title}</h1>
          <p>${lead}</p>
          ${payment ? orderFacts(payment) : ''} ${payment && news ? NOTES[news](payment) : ''}
        </section>
        ${payment ? shopNote(payment) : ''}
        <p class="dim note">The shop of the Tollgate simulator: nothing is sold.</p>`;
      sendPage(response, { title, layout: 'card', content, refreshes: news === 'expected' });
    },
  });
  return {
    '/shop/success': shopPage('Thank you for your order', 'The payer returns to this page after a payment.'),
    '/shop/failure': shopPage('Your order is not paid', 'The payer returns to this page without a payment.'),
  };
}

/** Whether a shop can never be at `url`: its host is reserved for documentation (RFC 2606). */
export function isPlaceholder(url: string): boolean {
  return /(?:^|\.)example(?:\.(?:com|net|org))?\.?$/i.test(new URL(url).hostname);
}

function orderFacts({ amount, currency, shopTransactionId, paymentId, status }: BookedPayment): Html {
  return facts([
    ['Order', shopTransactionId],
    ['Amount', displayAmount(amount, currency)],
    ['Payment', html`<code>${paymentId}</code>`],
    ['Status at the external', badge(status)],
  ]);
}

/** How long the notification of a payment may take that has just ended. The payer's browser is often faster. */
const NOTIFIED_WITHIN_MS = 30_000;

/** Whether the shop knows the state of the payment from a notification. */
type News = 'received' | 'expected' | 'missing';

function newsOf({ status, updatedAt }: BookedPayment, notifications: readonly DeliveredNotification[]): News {
  const newest = notifications.findLast(({ answer }) => answer < 300);
  if ((newest?.body as { status?: unknown } | undefined)?.status === status) return 'received';
  return Date.now() - updatedAt < NOTIFIED_WITHIN_MS ? 'expected' : 'missing';
}

/** A redirect proves nothing: what a shop relies on is the notification, or the status. */
const NOTES: Readonly<Record<News, (payment: BookedPayment) => Html>> = {
  received: ({ paymentId, status }) => {
    const href = `../notifications?${new URLSearchParams({ paymentId }).toString()}`;
    return html`<p>
      The shop was <a href="${href}">notified</a>: ${badge(status)} A shop relies on the notification or on
      <code>GET /status</code>, never on the redirect.
    </p>`;
  },
  expected: () => html`<p>Waiting for the notification from Tollgate…</p>`,
  missing: () =>
    html`<p>
      The simulator has received no notification of this state. Where <code>PAYMENT_CALLBACK_URL</code> names
      another receiver, look there.
    </p>`,
};

function shopNote({ status, successRedirectUrl, failureRedirectUrl }: BookedPayment): Html | '' {
  const url = status === 'ACCEPTED' ? successRedirectUrl : failureRedirectUrl;
  return url === undefined
    ? ''
    : html`<p class="dim note">This page stands in for <code>${url}</code>, which cannot exist.</p>`;
}
