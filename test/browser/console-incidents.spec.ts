import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import {
  type ConsoleTab,
  launchBrowser,
  missingForConsole,
  openConsole,
  signIn,
} from '../support/console-browser.js';
import { AMOUNT, ConsoleExternal, CUT_REFUND } from '../support/console-external.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/** Five incidents, each found and settled in a browser from a cold start, without curl. */

const KEY = 'an-admin-key-of-these-tests';
const READER = 'a-reader-key-of-these-tests';

const missing = missingForConsole();
if (missing !== undefined) process.stderr.write(`SKIPPED: the console in a browser: ${missing}\n`);

(missing === undefined ? describe : describe.skip)('incidents in the console', () => {
  let external: ConsoleExternal;
  let gateway: Gateway;
  let browser: Browser;
  let tab: ConsoleTab;
  let page: Page;
  let startedAtMs: number;

  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  afterAll(() => browser?.close());

  beforeEach(async () => {
    external = new ConsoleExternal();
    const baseUrl = await external.start();
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl,
          callbackAuth: { type: 'none' },
          circuitBreaker: { failures: 3, windowMs: 60_000, openMs: 1_000 },
          operations: { cancel: true },
        },
      ],
      env: {
        API_KEYS: `boss:${KEY}:admin,other:another-admin-key-of-these:admin,reader:${READER}:admin-read`,
        PAYMENT_CALLBACK_URL: `${baseUrl}/receiver`,
        NOTIFICATION_SCHEDULE: '50ms',
        RECONCILIATION_SCHEDULE: '50ms,50ms',
      },
    });
  }, 60_000);

  afterEach(async () => {
    const complaints = tab?.complaints ?? [];
    await tab?.close();
    await gateway?.close();
    await external?.close();
    expect(complaints).toEqual([]);
  }, 60_000);

  async function pay(shopTransactionId: string, amount: number): Promise<Record<string, unknown>> {
    const body = JSON.stringify({ shopTransactionId, amount, currency: 'EUR' });
    return post('/v3/acme/pay', body);
  }

  async function post(path: string, body: string): Promise<Record<string, unknown>> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() };
    const response = await fetch(gateway.url + path, { method: 'POST', headers, body });
    return (await response.json()) as Record<string, unknown>;
  }

  async function admin(path: string): Promise<{ items: Record<string, unknown>[] }> {
    const response = await fetch(`${gateway.url}/admin/${path}`, { headers: { 'X-Api-Key': KEY } });
    return (await response.json()) as { items: Record<string, unknown>[] };
  }

  /** Waits until the gateway needs an operator. */
  async function attention(kind: string): Promise<void> {
    while (!(await admin(`attention?kind=${kind}`)).items.length) await new Promise(setImmediate);
  }

  async function operator(key = KEY): Promise<void> {
    startedAtMs = performance.now();
    tab = await openConsole(browser, gateway.url);
    ({ page } = tab);
    await signIn(page, key);
  }

  /** The card of an item of attention. */
  const card = (name: string) => page.getByRole('article', { name });
  const button = (name: string | RegExp) => page.getByRole('dialog').getByRole('button', { name });

  /** What came of an act, as the dialog says it. */
  async function result(): Promise<string> {
    const text = await page.getByRole('dialog').getByRole('status').innerText();
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    process.stderr.write(`${expect.getState().currentTestName}: ${tab.clicks()} clicks, ${seconds} s\n`);
    await button('Done').click();
    return text;
  }

  async function record(outcome: RegExp, paymentId?: string, confirm = 'Record it for ever'): Promise<void> {
    await page.getByRole('radio', { name: outcome }).check();
    if (paymentId !== undefined) await page.getByRole('textbox', { name: /paymentId/ }).fill(paymentId);
    await page.getByRole('textbox', { name: 'Reason' }).fill('acme confirmed it, ticket 4711');
    await button(confirm).click();
  }

  it('unknown payment', async () => {
    await pay('order-unknown', AMOUNT.cut);
    await attention('payment-unknown');
    await operator();
    await card('Payment of unknown outcome: order-unknown')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    await record(/It was paid/, 'pm_1');
    expect(await result()).toContain('The state is now ACCEPTED');
    await page.getByRole('heading', { name: 'Payment of unknown outcome' }).waitFor({ state: 'detached' });
    expect((await admin('payments?shopTransactionId=order-unknown')).items).toMatchObject([
      { state: 'ACCEPTED', paymentId: 'pm_1' },
    ]);
  }, 60_000);

  it('parked payment', async () => {
    await pay('order-parked', AMOUNT.pending);
    await attention('payment-parked');
    external.decide();
    await operator();
    await card('Payment parked: order-parked')
      .getByRole('button', { name: /^Check now/ })
      .click();
    await button('Query the external').click();
    expect(await result()).toContain('was PENDING and is now ACCEPTED');
    expect((await admin('attention?kind=payment-parked')).items).toEqual([]);
  }, 60_000);

  it('dead notification', async () => {
    // The answer of the call is no news to the receiver; a later state is.
    external.decide();
    await pay('order-dead', AMOUNT.pending);
    await attention('notification-dead');
    external.receiverIsDown = false;
    await operator();
    await card('Notification dead: order-dead')
      .getByText(/Last answer of the receiver: 503/)
      .waitFor();
    await card('Notification dead: order-dead')
      .getByRole('button', { name: /^Send again/ })
      .click();
    await button('Send again').click();
    expect(await result()).toContain('queued');
    while (!(await admin('notifications?state=DELIVERED')).items.length) await new Promise(setImmediate);
  }, 60_000);

  it('open circuit', async () => {
    external.isDown = true;
    for (const order of ['one', 'two', 'three']) await pay(order, AMOUNT.accepted);
    await operator();
    const acme = page.getByRole('article', { name: 'acme', exact: true });
    expect(await acme.innerText()).toMatch(/Circuit open|Probing/);
    expect(await acme.innerText()).toContain('cut-off');
    external.isDown = false;
    while ((await pay('four', AMOUNT.accepted))['result'] !== 'OK') await new Promise(setImmediate);
    await acme.getByText('Working').waitFor();
    process.stderr.write(`open circuit: ${tab.clicks()} clicks\n`);
  }, 60_000);

  it('refund in doubt', async () => {
    const { paymentId } = await pay('order-refunded', AMOUNT.accepted);
    await post('/v3/acme/refund', JSON.stringify({ paymentId, amount: CUT_REFUND, currency: 'EUR' }));
    await attention('refund-stuck');
    await operator();
    await card('Refund in doubt')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    await record(/It was refunded/);
    expect(await result()).toContain('The state is now OK');
    const [refund] = (await admin('refunds')).items;
    expect(refund).toMatchObject({ state: 'OK', amount: CUT_REFUND });
    await page.goto(`${gateway.url}/console/#/payments/${String(refund!['payment'])}`);
    await page.getByRole('button', { name: /^Correct the record/ }).click();
    await page.getByText('It replaces what was recorded before').waitFor();
    await record(/It was not refunded/, undefined, 'Correct it for ever');
    expect(await result()).toContain('The state is now KO');
    expect((await admin('refunds')).items).toMatchObject([{ state: 'KO' }]);
  }, 60_000);

  it('executes a refund once, however often the button is pressed', async () => {
    await pay('order-double', AMOUNT.accepted);
    const [payment] = (await admin('payments?shopTransactionId=order-double')).items;
    await operator();
    await page.goto(`${gateway.url}/console/#/payments/${String(payment!['id'])}`);
    await page.getByRole('button', { name: 'Refund', exact: true }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('ticket 4711');
    let cut = true;
    await page.route('**/refund', async (route) => {
      // The gateway executes it; the answer is lost on its way.
      const response = await route.fetch();
      if (cut) {
        cut = false;
        await route.fulfill({ status: 502, body: 'a proxy' });
      } else await route.fulfill({ response });
    });
    await button('Refund 20.00 EUR').click();
    const said = page.getByRole('dialog').getByRole('status').or(page.getByRole('dialog').getByRole('alert'));
    await said.first().waitFor();
    if (await button('Refund 20.00 EUR').isVisible()) await button('Refund 20.00 EUR').click();
    expect(await result()).toContain('20.00 EUR was refunded');
    expect((await admin('refunds')).items).toMatchObject([{ state: 'OK', amount: AMOUNT.accepted }]);
  }, 60_000);

  it('tells the second of two operators who settle the same one, who may correct the first', async () => {
    await pay('order-both', AMOUNT.cut);
    await attention('payment-unknown');
    await operator();
    await card('Payment of unknown outcome: order-both')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    const [payment] = (await admin('payments?shopTransactionId=order-both')).items;
    const other = await fetch(`${gateway.url}/admin/payments/${String(payment!['id'])}/resolve`, {
      method: 'POST',
      headers: { 'X-Api-Key': 'another-admin-key-of-these', 'Content-Type': 'application/json' },
      body: JSON.stringify({ status: 'ACCEPTED', paymentId: 'pm_1', reason: 'I was faster' }),
    });
    expect(other.status).toBe(200);
    await record(/It was not paid/);
    await page.getByRole('dialog').getByRole('alert').first().waitFor();
    // What was typed is still there, and nothing was done twice.
    expect(await page.getByRole('textbox', { name: 'Reason' }).inputValue()).toContain('ticket 4711');
    expect((await admin('payments?shopTransactionId=order-both')).items).toMatchObject([
      { state: 'ACCEPTED' },
    ]);
    await page.getByText('The payment was resolved as ACCEPTED').waitFor();
    await button('Correct it for ever').click();
    expect(await result()).toContain('The state is now FAILED');
  }, 60_000);

  it('offers a reader no act', async () => {
    await pay('order-parked', AMOUNT.pending);
    await attention('payment-parked');
    await operator(READER);
    await card('Payment parked: order-parked').waitFor();
    expect(await page.getByRole('button', { name: /Check now|Record the outcome/ }).count()).toBe(0);
  }, 60_000);

  it('keeps what was typed when the session ends', async () => {
    await pay('order-typed', AMOUNT.cut);
    await attention('payment-unknown');
    await operator();
    await card('Payment of unknown outcome: order-typed')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('a long reason');
    await page.route('**/admin/**', (route) => route.fulfill({ status: 401, body: '{}' }));
    await page.getByText('Your session has ended').waitFor();
    await page.unroute('**/admin/**');
    await page.getByRole('textbox', { name: 'API key' }).fill(KEY);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('Your session has ended').waitFor({ state: 'hidden' });
    expect(await page.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('a long reason');
  }, 60_000);
});
