import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import { call } from '../support/client.js';
import {
  type ConsoleTab,
  isShown,
  launchBrowser,
  missingForConsole,
  openConsole,
  signIn,
} from '../support/console-browser.js';
import { AMOUNT, ConsoleExternal } from '../support/console-external.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { type LoginIssuer, startLoginIssuer } from '../support/login-issuer.js';
import { type PrefixProxy, startPrefixProxy } from '../support/prefix-proxy.js';

/** Where the console is: below a prefix that a proxy removes, and nowhere with `CONSOLE=off`. */

const KEY = 'an-admin-key-of-these-tests';
const CLIENT_ID = 'tollgate-console';
/** More than a page of the API. */
const PAYMENTS = 203;

const describeInBrowser = missingForConsole() === undefined ? describe : describe.skip;

describeInBrowser('the console below a prefix', () => {
  let issuer: LoginIssuer;
  let external: ConsoleExternal;
  let gateway: Gateway;
  let proxy: PrefixProxy;
  let browser: Browser;
  let tab: ConsoleTab;
  let page: Page;

  beforeAll(async () => {
    browser = await launchBrowser();
    issuer = await startLoginIssuer(CLIENT_ID);
    external = new ConsoleExternal();
    gateway = await startGateway({
      externals: [
        { externalService: 'acme', baseUrl: await external.start(), callbackAuth: { type: 'none' } },
      ],
      env: {
        API_AUTH: 'optional',
        API_KEYS: `boss:${KEY}:admin`,
        ...issuer.environment,
      },
    });
    proxy = await startPrefixProxy(gateway.url, '/pay/gate');
    const body = { amount: AMOUNT.accepted, currency: 'EUR' };
    for (let index = 1; index <= PAYMENTS; index += 1)
      await call(`${gateway.url}/v3/acme/pay`, 'POST', { ...body, shopTransactionId: `order-${index}` });
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    await proxy?.close();
    await gateway?.close();
    await external?.close();
    await issuer?.close();
  }, 60_000);

  afterEach(async () => {
    await tab.close();
    // The issuer is another origin, and the policy of the page allows it.
    const complaints = tab.complaints.filter((each) => !each.startsWith(issuer.url));
    const { strays } = proxy;
    expect({ complaints, strays, violations: issuer.violations }).toEqual({
      complaints: [],
      strays: [],
      violations: [],
    });
  });

  async function open(): Promise<void> {
    tab = await openConsole(browser, proxy.url);
    ({ page } = tab);
  }

  it('shows every page, and acts, with a key', async () => {
    await open();
    await signIn(page, KEY);
    await page.getByRole('article', { name: 'acme', exact: true }).waitFor();
    await page.getByRole('link', { name: 'Payments', exact: true }).click();
    await page.getByRole('link', { name: `order-${PAYMENTS}`, exact: true }).click();
    await page.getByRole('button', { name: 'Check now' }).click();
    await page.getByRole('button', { name: 'Query the external' }).click();
    await page.getByRole('dialog').getByText('The payment is still ACCEPTED.').waitFor();
    await page.waitForLoadState('networkidle');
  }, 60_000);

  it('downloads all pages of a list as CSV', async () => {
    await open();
    await signIn(page, KEY);
    await page.goto(`${proxy.url}/console/#/payments`);
    await isShown(page, 'payments');
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download CSV' }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe('payments.csv');
    const [names, ...rows] = readFileSync(await download.path(), 'utf8')
      .trimEnd()
      .split('\r\n');
    const order = names!.split(',').indexOf('shopTransactionId');
    const expected = Array.from({ length: PAYMENTS }, (_, index) => `order-${PAYMENTS - index}`);
    expect(rows.map((row) => row.split(',')[order])).toEqual(expected);
  }, 60_000);

  it('returns from the login of the organisation to where the operator was', async () => {
    await open();
    await page.goto(`${proxy.url}/console/#/payments?shopTransactionId=order-7`);
    await page.getByRole('button', { name: 'Sign in with your organisation' }).click();
    await page.getByRole('link', { name: 'Sam' }).click();
    await page.getByText('Signed in as oidc:Sam').first().waitFor();
    expect(page.url()).toBe(`${proxy.url}/console/#/payments?shopTransactionId=order-7`);
    await page.getByRole('link', { name: 'order-7', exact: true }).click();
    await page.getByRole('heading', { name: 'Payment order-7' }).waitFor();
    await page.waitForLoadState('networkidle');
  }, 60_000);
});

describeInBrowser('CONSOLE=off', () => {
  it('takes the console away, and the link to it', async () => {
    const gateways = await Promise.all(
      (['on', 'off'] as const).map((CONSOLE) => startGateway({ env: { CONSOLE } })),
    );
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage();
      const seen: [status: number | undefined, links: number][] = [];
      for (const { url } of gateways) {
        await page.goto(`${url}/`);
        const links = await page.getByRole('link', { name: /console/i }).count();
        const opened = await page.goto(`${url}/console/`);
        seen.push([opened?.status(), links]);
      }
      expect(seen).toEqual([
        [200, 1],
        [404, 0],
      ]);
      expect(await page.locator('body').innerText()).toContain('not-found');
    } finally {
      await browser.close();
      for (const gateway of gateways) await gateway.close();
    }
  }, 60_000);
});
