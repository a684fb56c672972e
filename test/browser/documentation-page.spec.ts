import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';
import { type Gateway, startGateway } from '../support/gateway.js';
import { fetchDocument, operationsOf } from '../support/openapi-document.js';

/** `/documentation` in a browser, under the policy that the gateway sends with it. */

const CHROMIUM = '/usr/bin/chromium';
const SECRET = 'a-secret-of-the-shop';

if (!existsSync(CHROMIUM)) {
  process.stderr.write(`SKIPPED: the documentation in a browser, because there is no ${CHROMIUM}\n`);
}

(existsSync(CHROMIUM) ? describe : describe.skip)('the documentation in a browser', () => {
  let gateway: Gateway;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  const complaints: string[] = [];
  const foreign: string[] = [];

  beforeAll(async () => {
    gateway = await startGateway({ env: { API_AUTH: 'required', API_KEYS: `shop:${SECRET}` } });
    const args = ['--no-sandbox', '--headless', '--disable-gpu', '--disable-dev-shm-usage'];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  }, 60_000);
  beforeEach(async () => {
    context = await browser.newContext({ viewport: { width: 1_280, height: 900 } });
    page = await context.newPage();
    // A blocked resource is an error here; so are refused calls, but those are expected.
    page.on('console', (message) => {
      const meant = message.text().startsWith('Failed to load resource');
      if (/^(error|warning)$/.test(message.type()) && !meant) complaints.push(message.text());
    });
    page.on('response', (response) => {
      const { pathname } = new URL(response.url());
      if (pathname.startsWith('/documentation') && response.status() >= 400) complaints.push(pathname);
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(gateway.url)) {
        foreign.push(request.url());
      }
    });
  });
  afterEach(async () => {
    await context.close();
    expect(complaints.splice(0)).toEqual([]);
    expect(foreign.splice(0)).toEqual([]);
  });
  afterAll(async () => {
    await browser.close();
    await gateway.close();
  });

  const operation = (id: string): Locator => page.locator(`.opblock[id$="-${id}"]`);

  async function open(path: string): Promise<void> {
    await page.goto(gateway.url + path);
    await operation('pay').waitFor();
  }

  /** Executes it, and returns the status and the body that the page shows. */
  async function execute(id: string): Promise<{ status: number; body: object }> {
    const answered = page.waitForResponse((response) => response.url().includes('/v3/'));
    await operation(id).getByRole('button', { name: 'Execute' }).click();
    const status = (await answered).status();
    // The previous answer stays until this one is shown.
    const shown = page.locator('.response-col_status', { hasText: new RegExp(`^${status}`) });
    const row = operation(id).locator('.live-responses-table tbody tr').filter({ has: shown });
    return { status, body: JSON.parse(await row.locator('.highlight-code code').innerText()) as object };
  }

  async function authorize(scheme: string, value: string): Promise<void> {
    await page.locator('.auth-wrapper .btn.authorize').first().click();
    const form = page
      .locator('.auth-container form')
      .filter({ has: page.getByText(scheme, { exact: true }) });
    await form.locator('input').fill(value);
    await form.getByRole('button', { name: 'Apply credentials' }).click();
    await page.locator('.close-modal').click();
  }

  it('shows every operation, and executes a payment with the unchanged example after a key is entered', async () => {
    await open('/documentation/');
    expect(await page.title()).toBe('Tollgate: documentation');
    const document = await fetchDocument(gateway.url);
    const documented = operationsOf(document).length + Object.keys(document.webhooks).length;
    expect(await page.locator('.opblock').count()).toBe(documented);
    expect(await page.locator('.errors-wrapper').count()).toBe(0);

    await operation('pay').locator('.opblock-summary-control').click();
    expect(await execute('pay')).toMatchObject({
      status: 401,
      body: { code: 'unauthenticated', outcome: 'not-executed' },
    });
    await authorize('apiKey', SECRET);
    expect(await execute('pay')).toMatchObject({ status: 200, body: { result: 'OK' } });
  }, 60_000);

  it('opens at an operation, and keeps the key over a reload', async () => {
    await open('/documentation#/Payments/getPaymentStatus');
    await operation('getPaymentStatus').getByRole('button', { name: 'Execute' }).waitFor();
    await authorize('apiKeyHeader', SECRET);
    await page.reload();
    expect(await execute('getPaymentStatus')).toMatchObject({
      status: 200,
      body: { status: 'ACCEPTED', paymentId: 'pm_7f3a' },
    });
  }, 60_000);

  it('folds the errors, and follows the colours of the system', async () => {
    await page.emulateMedia({ colorScheme: 'dark' });
    await open('/documentation#/Payments/pay');
    const errors = operation('pay').locator('details.problems');
    await errors.waitFor();
    expect((await operation('pay').boundingBox())!.height).toBeLessThan(3_000);
    expect(await errors.getByText('duplicate-payment').isVisible()).toBe(false);
    await errors.locator('summary').click();
    expect(await errors.getByText('duplicate-payment').isVisible()).toBe(true);
    expect(await page.locator('html').getAttribute('class')).toContain('dark-mode');
  }, 60_000);
});
