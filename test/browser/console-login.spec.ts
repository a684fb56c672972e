import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser, Page } from 'playwright-core';
import {
  type ConsoleTab,
  launchBrowser,
  missingForConsole,
  openConsole,
} from '../support/console-browser.js';
import { AMOUNT, ConsoleExternal } from '../support/console-external.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { AUDIENCE } from '../support/issuer.js';
import { type LoginIssuer, startLoginIssuer } from '../support/login-issuer.js';
import { TestClock } from '../support/test-clock.js';

/** The login of the console at a real issuer: code with PKCE, by scopes, with the wrong audience, and once it has ended. */

const CLIENT_ID = 'tollgate-console';
const DAY_MS = 86_400_000;

(missingForConsole() === undefined ? describe : describe.skip)('the login of the console', () => {
  let issuer: LoginIssuer;
  let external: ConsoleExternal;
  let gateway: Gateway;
  let browser: Browser;
  let tab: ConsoleTab;
  let page: Page;
  const clock = new TestClock(Date.now());

  beforeAll(async () => {
    browser = await launchBrowser();
    issuer = await startLoginIssuer(CLIENT_ID);
    external = new ConsoleExternal();
    gateway = await startGateway({
      externals: [
        { externalService: 'acme', baseUrl: await external.start(), callbackAuth: { type: 'none' } },
      ],
      clock,
      env: {
        API_AUTH: 'none',
        ...issuer.environment,
      },
    });
    await pay('order-paid', AMOUNT.accepted);
    await pay('order-unknown', AMOUNT.cut);
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    await gateway?.close();
    await external?.close();
    await issuer?.close();
  }, 60_000);

  afterEach(async () => {
    issuer.audience = AUDIENCE;
    await tab?.close();
    // The issuer is another origin, and the policy of the page allows it.
    const complaints = tab?.complaints.filter((each) => !each.startsWith(issuer.url));
    expect({ complaints, violations: issuer.violations }).toEqual({ complaints: [], violations: [] });
  });

  async function pay(shopTransactionId: string, amount: number): Promise<void> {
    await fetch(`${gateway.url}/v3/acme/pay`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ shopTransactionId, amount, currency: 'EUR' }),
    });
  }

  const logIn = async (person: string, order = 'order-unknown'): Promise<void> => {
    clock.advance(Date.now() - clock.now());
    tab = await openConsole(browser, gateway.url);
    ({ page } = tab);
    await page.goto(`${gateway.url}/console/#/payments?shopTransactionId=${order}`);
    await page.getByRole('button', { name: 'Sign in with your organisation' }).click();
    await page.getByRole('link', { name: person }).click();
  };
  const isOffered = (name: string): Promise<boolean> =>
    page.getByRole('button', { name, exact: true }).first().isVisible();

  it.each([
    ['Rita', { check: false, refund: false }],
    ['Anna', { check: true, refund: false }],
    ['Sam', { check: true, refund: true }],
  ])(
    'returns %s to where they were, and offers what their scopes allow',
    async (person, offered) => {
      await logIn(person, 'order-paid');
      await page.getByText(`Signed in as oidc:${person}`).first().waitFor();
      // The code is in no address.
      expect(page.url()).toBe(`${gateway.url}/console/#/payments?shopTransactionId=order-paid`);
      await page.getByRole('link', { name: 'order-paid' }).click();
      const acts = offered.check
        ? page.getByRole('button', { name: 'Check now' })
        : page.getByText('reading only');
      await acts.waitFor();
      expect({ check: await isOffered('Check now'), refund: await isOffered('Refund') }).toEqual(offered);
    },
    60_000,
  );

  it('leaves no token in the tab after the operator has signed out', async () => {
    await logIn('Sam');
    const kept = (): Promise<string[]> => page.evaluate('Object.keys(sessionStorage)');
    await page.getByText('Signed in as oidc:Sam').first().waitFor();
    expect(await kept()).toEqual(['tollgate.session']);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('button', { name: 'Sign in with your organisation' }).waitFor();
    expect(await kept()).toEqual([]);
  }, 60_000);

  it('says that a token is for another audience', async () => {
    issuer.audience = 'https://another.example';
    await logIn('Sam');
    await page.getByRole('alert').getByText('OIDC_AUDIENCE').waitFor();
    expect(await page.getByRole('link', { name: 'order-unknown' }).count()).toBe(0);
  }, 60_000);

  it('renews a session that has ended in another tab, and keeps what was typed', async () => {
    await logIn('Sam');
    await page.getByRole('link', { name: 'order-unknown' }).click();
    await page.getByRole('button', { name: 'Record the outcome' }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('a long reason');
    clock.advance(DAY_MS);
    await page.getByText('Your session has ended').waitFor();
    clock.advance(-DAY_MS);
    const opened = page.context().waitForEvent('page');
    await page.getByRole('button', { name: 'Sign in with your organisation' }).click();
    const login = await opened;
    const closed = login.waitForEvent('close');
    await login.getByRole('link', { name: 'Sam' }).click();
    await closed;
    await page.getByText('Your session has ended').waitFor({ state: 'hidden' });
    expect(await page.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('a long reason');
  }, 60_000);
});
