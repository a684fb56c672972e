import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import { paymentsTable } from './book-page.js';
import type { BookReport } from './book-report.js';
import type { BookedPayment } from './records.js';
import { html, sendPage, table } from './html.js';
import type { Routes } from './http.js';
import { SCENARIO_NAMES, SCENARIOS } from './scenarios.js';

interface IndexContent {
  readonly url: string;
  /** The gateway's address of this external: `http://…/v3/simulator`. */
  readonly gatewayUrl: string | undefined;
  readonly remembers: boolean;
  /** The operations of the contract. */
  readonly routes: Routes;
  readonly totals: BookReport['totals'];
  readonly newest: readonly BookedPayment[];
}

/** The overview that a browser shows at `/`. */
export function indexPage(response: Response, content: IndexContent): void {
  const { url, gatewayUrl, remembers, routes, totals, newest } = content;
  const { calls, payments: counts } = totals;
  const operations = Object.entries(routes).map(
    ([path, handlers]) =>
      `${Object.keys(handlers).join().toUpperCase()} ${path.replace(/:token$/, '{subscriptionToken}')}`,
  );
  sendPage(response, {
    title: 'Overview',
    layout: 'plain',
    content: html`<h1>Tollgate simulator</h1>
      <p class="dim">
        An external and a receiver for a first payment, tests and demonstrations; no money moves.
        ${remembers ? 'It remembers everything across restarts.' : 'A restart forgets everything.'}
      </p>
      <p>
        ${calls.received} state-changing calls, ${calls.executed} executed, ${calls.replayed} replayed by key.
        Payments: ${counts.ACCEPTED} accepted, ${counts.PENDING} pending, ${counts.FAILED} failed.
      </p>
      <h2>Make a payment</h2>
      <pre tabindex="0">${exampleCall(url, gatewayUrl)}</pre>
      <ul>
        <li>
          <a href="./book">Book</a>: all executed operations; <code>doubles</code> must be empty.
          <code>DELETE /book</code> deletes them; the gateway's ledger keeps them.
        </li>
        <li><a href="./requests">Requests</a>: the last calls with headers and body.</li>
        <li><a href="./notifications">Notifications</a>: the deliveries to <code>POST /receiver</code>.</li>
        <li>
          <a href="./receiver/behaviour">Receiver behaviour</a>: <code>POST</code>
          <code>{"status": 500, "times": 3}</code> to make the next three deliveries fail.
        </li>
      </ul>
      <h2>External at <code>${url}</code></h2>
      <ul>
        ${operations.map((operation) => html`<li><code>${operation}</code></li>`)}
      </ul>
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

/**
 * A first payment that waits for its payer, of a new order on each page. It goes to the gateway where the simulator knows
 * one: what an external executed without the gateway is missing in the ledger. Else its key makes repeats harmless.
 */
function exampleCall(url: string, gatewayUrl: string | undefined): string {
  const order = `order-${randomBytes(3).toString('hex')}`;
  const key = gatewayUrl === undefined ? ` -H 'idempotency-key: ${order}'` : '';
  return `curl ${gatewayUrl ?? url}/pay -H 'content-type: application/json'${key} -d '{
  "amount": 1299, "currency": "EUR", "shopTransactionId": "${order}",
  "providerData": { "scenario": "redirect" } }'`;
}
