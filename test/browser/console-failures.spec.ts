import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Locator, Page, Route } from 'playwright-core';
import { type Answer, call } from '../support/client.js';
import { CONSOLE_PAGES, isShown, missingForConsole } from '../support/console-browser.js';
import { AMOUNT } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';
import { AheadClock } from '../support/test-clock.js';
import { until } from '../support/until.js';

/** What each page says while the API fails, is slow or refuses, and how it comes back by itself. */

const SLOW_MS = 4_000;
const RECOVERY_MS = 10_000;
/** The longest pause of the client before it sends a request again for the second time. */
const PAUSE_MS = 1_000;
/** How long a test looks before it moves the page's clock on. */
const LOOK_MS = 250;
const TICKET = 'ticket 4711';

interface Failure {
  readonly name: string;
  /** What the page says about it. */
  readonly message: string;
  readonly answer: (route: Route) => Promise<void>;
}

function problem(status: number, code: string): (route: Route) => Promise<void> {
  const body = { type: `/problems/${code}`, title: code, status, code, instance: '/', requestId: 'req_1' };
  return (route) =>
    route.fulfill({
      status,
      contentType: 'application/problem+json',
      body: JSON.stringify({ ...body, detail: 'A detail.', outcome: 'not-executed' }),
    });
}

const FAILURES: readonly Failure[] = [
  { name: 'it is down', message: 'The gateway does not answer.', answer: (route) => route.abort() },
  {
    name: 'the scope is gone',
    message: 'Your scopes do not allow this.',
    answer: problem(403, 'forbidden'),
  },
  { name: 'it fails', message: 'The gateway failed.', answer: problem(500, 'internal-error') },
  {
    name: 'its storage is down',
    message: 'The gateway cannot do this now.',
    answer: problem(503, 'storage-unavailable'),
  },
  {
    name: 'a proxy answers',
    message: 'The gateway cannot do this now.',
    answer: (route) => route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>502</h1>' }),
  },
];

const API = '**/admin/**';
/** Of `RATE_LIMIT`. */
const WINDOW_MS = 10_000;

(missingForConsole() === undefined ? describe : describe.skip)('the console while the API fails', () => {
  const stage = useConsole({ env: { RECONCILIATION_SCHEDULE: '1h' } }, { shared: true });
  let payment: string;

  beforeAll(async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    await stage().pay('order-2', AMOUNT.cut);
    await stage().attention('payment-unknown');
    payment = await stage().idOf('order-1');
  }, 60_000);

  /** An operator whose page has a clock that the test moves. */
  async function operator(): Promise<Page> {
    const page = await stage().operator();
    await page.clock.install();
    return page;
  }

  const paths = (): readonly string[] => [...CONSOLE_PAGES, `payments/${payment}`];

  /** Opens a page cold, with nothing in the memory of the tab. */
  async function openCold(page: Page, path: string): Promise<void> {
    await page.goto('about:blank');
    await stage().goTo(path);
  }

  it.each(FAILURES)(
    'each page says that $name, and comes back by itself',
    async ({ message, answer }) => {
      const page = await operator();
      for (const path of paths()) {
        await page.route(API, answer);
        await openCold(page, path);
        // The client has tried it three times by then.
        await says(page, message);
        await page.unroute(API);
        await isBack(page, path, message);
      }
    },
    120_000,
  );

  it('each page says that what it shows is old, and goes on', async () => {
    const page = await operator();
    for (const path of paths().filter(
      (each) => each === '' || /payments\/|deliveries|externals/.test(each),
    )) {
      await openCold(page, path);
      await isShown(page, path);
      await page.route(API, (route) => route.abort());
      await says(page, 'You see what the gateway said at');
      await page.unroute(API);
      await isBack(page, path, 'You see what the gateway said at');
    }
  }, 60_000);

  it('each page says that the gateway is slow', async () => {
    const page = await operator();
    for (const path of paths()) {
      const answered = Promise.withResolvers<void>();
      await page.route(API, async (route) => {
        await answered.promise;
        await route.continue();
      });
      await openCold(page, path);
      await page.locator('main [aria-busy=true]').first().waitFor();
      await page.clock.fastForward(SLOW_MS);
      await failing(page, 'slow to answer').first().waitFor();
      answered.resolve();
      await page.unrouteAll({ behavior: 'wait' });
      await isBack(page, path, 'slow to answer');
    }
  }, 120_000);

  it('each page is shown again after a session that has ended is renewed', async () => {
    const page = await operator();
    for (const path of paths()) {
      await stage().open(path);
      await page.route(API, problem(401, 'unauthenticated'));
      await page.clock.fastForward(RECOVERY_MS);
      await page.getByText('Your session has ended').waitFor();
      await page.unroute(API);
      await page.getByRole('textbox', { name: 'API key' }).fill(KEYS.boss);
      await page.getByRole('button', { name: 'Sign in', exact: true }).click();
      await page.getByText('Your session has ended').waitFor({ state: 'hidden' });
      await isBack(page, path, 'does not accept these credentials');
    }
  }, 120_000);

  it.each(FAILURES)(
    'a dialog keeps what was typed while $name',
    async ({ name, message, answer }) => {
      const { paymentId } = await stage().pay(`order while ${name}`, AMOUNT.accepted);
      const page = await operator();
      await stage().open(`payments/${await stage().idOf(`order while ${name}`)}`);
      await page.getByRole('button', { name: 'Refund', exact: true }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByRole('radio', { name: 'A part' }).check();
      await dialog.getByRole('textbox', { name: /^Amount/ }).fill('5.00');
      await dialog.getByRole('textbox', { name: 'Reason' }).fill(TICKET);
      await page.route(API, answer);
      await dialog.getByRole('button', { name: 'Refund 5.00 EUR' }).click();
      await dialog.getByRole('alert').getByText(message).first().waitFor();
      expect(await dialog.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe(TICKET);
      await page.unroute(API);
      await dialog.getByRole('button', { name: 'Refund 5.00 EUR' }).click();
      await dialog.getByRole('status').getByText('5.00 EUR was refunded').waitFor();
      expect(await stage().items(`refunds?paymentId=${String(paymentId)}`)).toMatchObject([
        { state: 'OK', amount: 500 },
      ]);
    },
    60_000,
  );

  it('the sign-in, a search, a filter and a CSV keep what was typed', async () => {
    const page = await operator();
    await stage().open('find');
    await page.route(API, problem(500, 'internal-error'));
    await page.getByRole('textbox', { name: 'What are you looking for?' }).fill('order-1');
    await page.keyboard.press('Enter');
    await failing(page, 'The gateway failed.').waitFor();
    expect(await page.getByRole('textbox', { name: 'What are you looking for?' }).inputValue()).toBe(
      'order-1',
    );
    await page.unroute(API);
    await page.clock.fastForward(RECOVERY_MS);
    await page.getByRole('article', { name: 'Payment order-1' }).waitFor();
    await stage().open('payments');
    await page.getByRole('link', { name: 'order-1' }).waitFor();
    await page.route(API, problem(500, 'internal-error'));
    await page.getByRole('button', { name: 'Download CSV' }).click();
    await page.getByRole('alert').getByText('The gateway failed.').waitFor();
    await page.getByRole('textbox', { name: 'Order' }).fill('order-1');
    await page.keyboard.press('Enter');
    await failing(page, 'The gateway failed.').nth(1).waitFor();
    expect(await page.getByRole('textbox', { name: 'Order' }).inputValue()).toBe('order-1');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('textbox', { name: 'API key' }).fill(KEYS.boss);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('The gateway failed.').waitFor();
    expect(await page.getByRole('textbox', { name: 'API key' }).inputValue()).toBe(KEYS.boss);
  }, 60_000);

  it('a page whose scripts cannot be loaded says so, and opens once they can', async () => {
    const page = await stage().operator();
    await page.route(/audit-page/, (route) => route.abort());
    await page.reload();
    await page.getByRole('link', { name: 'Audit' }).click();
    await page.getByRole('heading', { name: 'The page could not be loaded' }).waitFor();
    await page.getByRole('link', { name: 'Payments', exact: true }).waitFor();
    await page.unroute(/audit-page/);
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
  }, 60_000);
});

(missingForConsole() === undefined ? describe : describe.skip)(
  'the console at the limit of the gateway',
  () => {
    const clock = new AheadClock();
    const stage = useConsole({
      env: { RECONCILIATION_SCHEDULE: '1h', RATE_LIMIT: `60/${WINDOW_MS / 1_000}s` },
      clock,
    });

    /** Other programs of this operator use the limit up, for longer than the console waits without a word. */
    async function useUp(): Promise<void> {
      const headers = { 'X-Api-Key': KEYS.boss };
      const ask = (): Promise<Answer> => call(`${stage().gateway.url}/admin/me`, 'GET', undefined, headers);
      clock.advance(WINDOW_MS);
      await until(async () => {
        const answers = await Promise.all([ask(), ask(), ask(), ask(), ask()]);
        return answers.some(({ status }) => status === 429);
      }, 'the limit');
    }

    it('each page says so, and comes back once it is over', async () => {
      await stage().pay('order-1', AMOUNT.accepted);
      const payment = await stage().idOf('order-1');
      const page = await stage().operator();
      await page.clock.install();
      for (const path of [...CONSOLE_PAGES, `payments/${payment}`]) {
        await page.goto('about:blank');
        await useUp();
        await stage().goTo(path);
        await failing(page, 'Too many requests.').first().waitFor();
        clock.advance(WINDOW_MS);
        await isBack(page, path, 'Too many requests.');
      }
    }, 120_000);
  },
);

/** Where a page says what is wrong. */
function failing(page: Page, message: string): Locator {
  return page.locator('main').locator('[role=alert], [role=status]').filter({ hasText: message });
}

/** Waits until the page says what is wrong; the client's pauses between its attempts are passed by the page's clock. */
async function says(page: Page, message: string): Promise<void> {
  const said = failing(page, message).first();
  const isSaid = (): Promise<boolean> =>
    said.waitFor({ timeout: LOOK_MS }).then(
      () => true,
      () => false,
    );
  while (!(await isSaid())) await page.clock.fastForward(PAUSE_MS);
}

/** Waits until the page has tried again by itself, and is shown without saying it. */
async function isBack(page: Page, path: string, message: string): Promise<void> {
  await page.clock.fastForward(RECOVERY_MS);
  await failing(page, message).first().waitFor({ state: 'detached' });
  await isShown(page, path);
}
