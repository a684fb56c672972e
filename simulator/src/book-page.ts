import type { Response } from 'express';
import type { BookFilter, BookReport } from './book-report.js';
import type { BookedPayment, BookedRefund, BookedSubscription } from './records.js';
import { displayAmount } from './display-amount.js';
import { badge, html, moment, sendPage, table, type Html } from './html.js';

const NEWEST = 100;

/** Everything that the external executed, for a browser. */
export function bookPage(response: Response, report: BookReport, filter: BookFilter): void {
  const { totals, payments, refunds, subscriptions } = report;
  sendPage(response, {
    title: 'Book',
    layout: 'plain',
    formTargets: ["'self'"],
    content: html`<h1>Book</h1>
      <p class="dim">
        Everything that this external executed, the newest first. Programs receive JSON. No money moves.
      </p>
      ${doubles(report)}
      <p>
        ${totals.calls.received} state-changing calls: ${totals.calls.executed} executed,
        ${totals.calls.replayed} repeats answered without another execution.
      </p>
      <form>
        <label
          >Payment
          <input name="paymentId" value="${filter.paymentId ?? ''}" />
        </label>
        <label
          >Order
          <input name="shopTransactionId" value="${filter.shopTransactionId ?? ''}" />
        </label>
        <button>Find</button>
      </form>
      <h2>Payments</h2>
      ${section(payments as BookedPayment[], paymentsTable)}
      <h2>Refunds</h2>
      ${section(refunds as BookedRefund[], refundsTable)}
      <h2>Subscriptions</h2>
      ${section(subscriptions as BookedSubscription[], subscriptionsTable)}`,
  });
}

/** The orders and keys that were executed twice, or that there are none. */
function doubles({ doubles: { byShopTransactionId, byIdempotencyKey } }: BookReport): Html {
  const orders = byShopTransactionId.map(({ shopTransactionId, executions }) => [
    shopTransactionId,
    executions,
  ]);
  const keys = byIdempotencyKey.map(({ idempotencyKey, executions }) => [idempotencyKey, executions]);
  if (orders.length + keys.length === 0)
    return html`<p>${badge('OK')} No order and no idempotency key was executed twice.</p>`;
  return html`<div class="alarm">
    <p><strong>Executed more than once</strong></p>
    ${table(['Order or Idempotency-Key', 'Executions'], [...orders, ...keys])}
  </div>`;
}

function section<Item>(items: readonly Item[], show: (items: readonly Item[]) => Html): Html {
  if (items.length === 0) return html`<p>None.</p>`;
  const older = items.length - NEWEST;
  const note = older > 0 ? html`<p class="dim">${older} older ones are in the JSON of this page.</p>` : '';
  return html`${show(items.slice(-NEWEST).toReversed())}${note}`;
}

/** Also for the first page. */
export function paymentsTable(payments: readonly BookedPayment[]): Html {
  return table(
    ['Order', 'Amount', 'Status', 'Scenario', 'Payment', 'Created'],
    payments.map(
      ({ shopTransactionId, amount, currency, status, scenario, paymentId, replays, createdAt }) => [
        shopTransactionId,
        displayAmount(amount, currency),
        badge(status),
        replays === 0 ? scenario : `${scenario}, repeated ${replays} ×`,
        html`<a href="./checkout/${paymentId}"><code>${paymentId}</code></a>`,
        moment(createdAt),
      ],
    ),
  );
}

function refundsTable(refunds: readonly BookedRefund[]): Html {
  return table(
    ['Refund', 'Amount', 'Result', 'Payment', 'Created'],
    refunds.map(({ refundId, amount, currency, result, paymentId, createdAt }) => [
      html`<code>${refundId}</code>`,
      displayAmount(amount, currency),
      badge(result),
      html`<a href="./book?${new URLSearchParams({ paymentId }).toString()}"><code>${paymentId}</code></a>`,
      moment(createdAt),
    ]),
  );
}

function subscriptionsTable(subscriptions: readonly BookedSubscription[]): Html {
  return table(
    ['Subscription', 'Amount', 'Status', 'Period', 'Order', 'Created'],
    subscriptions.map((each) => [
      html`<code>${each.subscriptionToken}</code>`,
      displayAmount(each.amount, each.currency),
      badge(each.status),
      `every ${each.intervalCount} ${each.interval} (${each.kind})`,
      each.shopTransactionId,
      moment(each.createdAt),
    ]),
  );
}
