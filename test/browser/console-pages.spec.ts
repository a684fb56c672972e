import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import {
  barriersOn,
  CONSOLE_PAGES,
  isShown,
  launchBrowser,
  missingForConsole,
  openConsole,
  signIn,
} from '../support/console-browser.js';
import { AMOUNT, ConsoleExternal, CUT_REFUND } from '../support/console-external.js';
import { type Gateway, startGateway } from '../support/gateway.js';

/** Every page of the console under its policy, without barriers, light and dark, and what it costs to open. */

const KEY = 'an-admin-key-of-these-tests';
const HOSTILE = '<script>alert(1)</script>';
const FIRST_VIEW_BYTES = 200 * 1024;

const missing = missingForConsole();

(missing === undefined ? describe : describe.skip)('the pages of the console', () => {
  let external: ConsoleExternal;
  let gateway: Gateway;
  let browser: Browser;
  let payment: string;

  beforeAll(async () => {
    browser = await launchBrowser();
    external = new ConsoleExternal();
    const baseUrl = await external.start();
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl, callbackAuth: { type: 'none' } }],
      env: {
        API_KEYS: `boss:${KEY}:admin`,
        PAYMENT_CALLBACK_URL: `${baseUrl}/receiver`,
        NOTIFICATION_SCHEDULE: '50ms',
        RECONCILIATION_SCHEDULE: '50ms',
      },
    });
    const { paymentId } = await post('pay', { shopTransactionId: 'order-1', amount: AMOUNT.accepted });
    await post('pay', { shopTransactionId: HOSTILE, amount: AMOUNT.accepted });
    await post('pay', { shopTransactionId: 'order-2', amount: AMOUNT.pending });
    await post('pay', { shopTransactionId: 'order-3', amount: AMOUNT.cut });
    await post('refund', { paymentId, amount: CUT_REFUND });
    const headers = { 'X-Api-Key': KEY };
    const list = await fetch(`${gateway.url}/admin/payments?shopTransactionId=order-1`, { headers });
    payment = ((await list.json()) as { items: { id: string }[] }).items[0]!.id;
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    await external?.close();
  }, 60_000);

  async function post(operation: string, body: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${gateway.url}/v3/acme/${operation}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': randomUUID() },
      body: JSON.stringify({ currency: 'EUR', ...body }),
    });
    return (await response.json()) as Record<string, unknown>;
  }

  it.each(['light', 'dark'] as const)(
    'have no barriers and no violation of the policy: %s',
    async (colorScheme) => {
      const tab = await openConsole(browser, gateway.url, { colorScheme });
      const { page } = tab;
      const barriers: Record<string, readonly string[]> = {};
      await page.getByRole('textbox', { name: 'API key' }).waitFor();
      barriers['sign-in'] = await barriersOn(page);
      await signIn(page, KEY);
      for (const path of [...CONSOLE_PAGES, `payments/${payment}`]) {
        await page.goto(`${gateway.url}/console/#/${path}`);
        await isShown(page, path);
        barriers[path] = await barriersOn(page);
      }
      await page.getByRole('button', { name: 'Refund', exact: true }).click();
      await page.getByRole('dialog').waitFor();
      barriers['dialog'] = await barriersOn(page);
      const found = Object.entries(barriers).filter(([, each]) => each.length > 0);
      await tab.close();
      expect({ found, complaints: tab.complaints }).toEqual({ found: [], complaints: [] });
    },
    180_000,
  );

  it('show hostile texts as texts', async () => {
    const tab = await openConsole(browser, gateway.url);
    await signIn(tab.page, KEY);
    await tab.page.goto(`${gateway.url}/console/#/payments`);
    await tab.page.getByText(HOSTILE).first().waitFor();
    await tab.close();
    expect(tab.complaints).toEqual([]);
  }, 60_000);

  it('open with less than 200 KB', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    let bytes = 0;
    page.on('requestfinished', (request) => {
      void request.sizes().then(({ responseBodySize }) => (bytes += responseBodySize));
    });
    await page.goto(`${gateway.url}/console/`);
    await page.getByRole('textbox', { name: 'API key' }).waitFor();
    await page.waitForLoadState('networkidle');
    await context.close();
    process.stderr.write(`first view: ${(bytes / 1024).toFixed(0)} KiB compressed\n`);
    expect(bytes).toBeGreaterThan(50_000);
    expect(bytes).toBeLessThan(FIRST_VIEW_BYTES);
  }, 60_000);

  it('show a refund in doubt as not confirmed, and the whole of its act', async () => {
    const tab = await openConsole(browser, gateway.url);
    const { page } = tab;
    await signIn(page, KEY);
    await page.goto(`${gateway.url}/console/#/payments/${payment}`);
    await page.getByText('Refund not confirmed yet 1.11 EUR').waitFor();
    expect(await page.getByText(/^Refunded/).count()).toBe(0);
    const act = await page.getByRole('button', { name: /^Record the outcome/ }).boundingBox();
    const table = await page.getByRole('table', { name: 'Refunds' }).boundingBox();
    expect(act!.x + act!.width).toBeLessThanOrEqual(table!.x + table!.width);
    await tab.close();
  }, 60_000);

  it.each([
    ['does not exist', 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10'],
    ['was cut', 'pay_0199f2a4-c7d1'],
  ])(
    'say what to do about a payment whose id %s',
    async (_name, id) => {
      const tab = await openConsole(browser, gateway.url);
      const { page } = tab;
      await signIn(page, KEY);
      await page.goto(`${gateway.url}/console/#/payments/${id}`);
      const alert = page.getByRole('alert').filter({ hasText: 'The gateway has no such item' });
      await alert.getByText('Check the id, or search for the order.').waitFor();
      expect(await page.getByRole('button', { name: 'Try again' }).count()).toBe(0);
      await alert.getByRole('link', { name: 'Search for it' }).click();
      await isShown(page, 'find');
      await tab.close();
      expect(tab.complaints).toEqual([]);
    },
    60_000,
  );

  it('return the focus to the button of a dialog that is closed', async () => {
    const tab = await openConsole(browser, gateway.url);
    const { page } = tab;
    await signIn(page, KEY);
    const act = page.getByRole('button', { name: /^Record the outcome: order-3/ });
    await act.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.locator('button:focus', { hasText: 'Record the outcome' }).waitFor();
    await tab.close();
  }, 60_000);

  it('load the charts after what needs an operator', async () => {
    const tab = await openConsole(browser, gateway.url);
    const { page } = tab;
    const loaded: string[] = [];
    const asked = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    page.on('request', (request) => loaded.push(request.url()));
    await page.route('**/admin/attention**', async (route) => {
      asked.resolve();
      await answered.promise;
      await route.continue();
    });
    await signIn(page, KEY);
    await asked.promise;
    // The externals are loaded too, and everything else is done.
    await page.getByRole('article', { name: 'acme', exact: true }).waitFor();
    const charts = () => loaded.filter((url) => /\/figures-[^/]*\.js$/.test(url));
    expect(charts()).toEqual([]);
    answered.resolve();
    await page.getByRole('article', { name: 'Refund in doubt' }).waitFor();
    await page.getByRole('heading', { name: 'Payments and refunds' }).waitFor();
    expect(charts()).toHaveLength(1);
    await tab.close();
  }, 60_000);

  it.each([
    ['429', 429, { 'Retry-After': '7' }, 'Too many requests.'],
    ['403', 403, {}, 'Your scopes do not allow this.'],
    ['500', 500, {}, 'The gateway failed.'],
    ['503', 503, {}, 'The gateway cannot do this now.'],
  ])(
    'say what a %s means',
    async (_name, status, headers, text) => {
      const tab = await openConsole(browser, gateway.url);
      await signIn(tab.page, KEY);
      await tab.page.route('**/admin/audit**', (route) =>
        route.fulfill({
          status,
          headers: { 'Content-Type': 'application/problem+json', ...headers },
          body: JSON.stringify({
            type: '/problems/x',
            title: 'x',
            status,
            code: 'internal-error',
            detail: 'A detail.',
            instance: '/',
            requestId: 'req_1',
          }),
        }),
      );
      await tab.page.goto(`${gateway.url}/console/#/audit`);
      await tab.page.getByRole('alert').getByText(text).waitFor({ timeout: 30_000 });
      await tab.close();
    },
    60_000,
  );
});
