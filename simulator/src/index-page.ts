import type { Response } from 'express';
import type { BookReport } from './book-report.js';
import type { BookedPayment } from './book.js';
import { displayAmount } from './checkout-page.js';
import { html, sendPage, type Html } from './html.js';
import type { Routes } from './http.js';
import { SCENARIO_NAMES, SCENARIOS } from './scenarios.js';

interface IndexContent {
  readonly url: string;
  /** The operations of the contract. */
  readonly routes: Routes;
  readonly totals: BookReport['totals'];
  readonly newest: readonly BookedPayment[];
}

/** The overview that a browser shows at `/`. */
export function indexPage(response: Response, { url, routes, totals, newest }: IndexContent): void {
  const { calls, payments: counts } = totals;
  const operations = Object.entries(routes).map(
    ([path, handlers]) =>
      `${Object.keys(handlers).join().toUpperCase()} ${path.replace(/:token$/, '{subscriptionToken}')}`,
  );
  const example = `curl ${url}/pay -H 'content-type: application/json' -d '{
  "amount": 1299, "currency": "EUR", "shopTransactionId": "order-1",
  "providerData": { "scenario": "redirect" } }'`;
  sendPage(response, {
    title: 'Tollgate simulator',
    layout: 'plain',
    content: html`<h1>Tollgate simulator</h1>
      <p class="dim">
        An external and a receiver for a first payment, tests and demonstrations. Everything is in memory; no
        money moves.
      </p>
      <p>
        ${calls.received} state-changing calls, ${calls.executed} executed, ${calls.replayed} replayed by key.
        Payments: ${counts.ACCEPTED} accepted, ${counts.PENDING} pending, ${counts.FAILED} failed.
      </p>
      <ul>
        <li>
          <a href="/book">Book</a>: all executed operations; <code>doubles</code> must be empty.
          <code>DELETE /book</code> deletes them.
        </li>
        <li><a href="/requests">Requests</a>: the last calls with headers and body.</li>
        <li><a href="/notifications">Notifications</a>: the deliveries to <code>POST /receiver</code>.</li>
        <li>
          <a href="/receiver/behaviour">Receiver behaviour</a>: <code>POST</code>
          <code>{"status": 500, "times": 3}</code> to make the next three deliveries fail.
        </li>
      </ul>
      <h2>External at <code>${url}</code></h2>
      <ul>
        ${operations.map((operation) => html`<li><code>${operation}</code></li>`)}
      </ul>
      <pre tabindex="0">${example}</pre>
      <h2>Scenarios, by <code>providerData.scenario</code></h2>
      ${table(
        ['Scenario', 'What happens'],
        SCENARIO_NAMES.map((name) => [html`<code>${name}</code>`, SCENARIOS[name].summary]),
      )}
      <p class="dim">
        Also in <code>providerData</code>: <code>delayMs</code> (1000), <code>finalStatus</code> (<code
          >ACCEPTED</code
        >
        or <code>FAILED</code>), <code>executed</code> (of <code>timeout</code>, <code>reset</code>,
        <code>malformed</code>, <code>error-500</code>), <code>callbackMethod</code> (<code>POST</code> or
        <code>GET</code>), <code>callbackTimes</code>, <code>expireScenario</code> (the scenario of
        <code>DELETE subscription/expire</code>).
      </p>
      <h2>Newest payments</h2>
      ${newest.length === 0 ? html`<p>None yet.</p>` : paymentsTable(newest)}`,
  });
}

function paymentsTable(payments: readonly BookedPayment[]): Html {
  return table(
    ['Order', 'Amount', 'Status', 'Scenario', 'Payment'],
    payments.map(({ shopTransactionId, amount, currency, status, scenario, paymentId }) => [
      shopTransactionId,
      displayAmount(amount, currency),
      status,
      scenario,
      html`<a href="/checkout/${paymentId}">${paymentId}</a>`,
    ]),
  );
}

function table(titles: readonly string[], rows: readonly (string | Html)[][]): Html {
  return html`<div class="wide" tabindex="0">
    <table>
      <thead>
        <tr>
          ${titles.map((title) => html`<th scope="col">${title}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (cells) =>
            html`<tr>
              ${cells.map((cell) => html`<td>${cell}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
