import type { BookedPayment } from './book.js';
import { displayAmount } from './checkout-page.js';
import type { BookReport } from './book-report.js';
import { html, page, type Html } from './html.js';
import type { Reply } from './http-server.js';
import { SCENARIO_NAMES, SCENARIOS } from './scenario.js';

const OPERATIONS = [
  'POST /pay',
  'POST /pay-by-link',
  'POST /refund',
  'GET /status?paymentId= or ?shopTransactionId=',
  'POST /subscription/schedule',
  'POST /subscription/start',
  'POST /subscription/pay',
  'POST /subscription/update/{subscriptionToken}',
  'GET /subscription/status/{subscriptionToken}',
  'DELETE /subscription/expire/{subscriptionToken}',
];

/** The overview that a browser shows at `/`. */
export function indexPage(
  url: string,
  { calls, payments: counts }: BookReport['totals'],
  newest: readonly BookedPayment[],
): Reply {
  const example = `curl ${url}/pay -H 'content-type: application/json' -d '{
  "amount": 1299, "currency": "EUR", "shopTransactionId": "order-1",
  "providerData": { "scenario": "redirect" } }'`;
  return page({
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
        ${OPERATIONS.map((operation) => html`<li><code>${operation}</code></li>`)}
      </ul>
      <pre tabindex="0">${example}</pre>
      <h2>Scenarios, by <code>providerData.scenario</code></h2>
      <div class="wide" tabindex="0">
        <table>
          <thead>
            <tr>
              <th scope="col">Scenario</th>
              <th scope="col">What happens</th>
            </tr>
          </thead>
          <tbody>
            ${SCENARIO_NAMES.map(
              (name) =>
                html`<tr>
                  <td><code>${name}</code></td>
                  <td>${SCENARIOS[name].summary}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
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
  return html`<div class="wide" tabindex="0">
    <table>
      <thead>
        <tr>
          <th scope="col">Order</th>
          <th scope="col">Amount</th>
          <th scope="col">Status</th>
          <th scope="col">Scenario</th>
          <th scope="col">Payment</th>
        </tr>
      </thead>
      <tbody>
        ${payments.map(
          (payment) =>
            html`<tr>
              <td>${payment.shopTransactionId}</td>
              <td>${displayAmount(payment.amount, payment.currency)}</td>
              <td>${payment.status}</td>
              <td>${payment.scenario}</td>
              <td><a href="/checkout/${payment.paymentId}">${payment.paymentId}</a></td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
