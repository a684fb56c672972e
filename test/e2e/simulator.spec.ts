import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { chromium, type Browser, type Page } from 'playwright-core';
import { startSimulator, type Simulator } from '@tollgate/simulator';
import { ExternalClient, payBody, subscriptionBody } from '../support/external-client.js';
import { until } from '../support/until.js';

const CHROMIUM = '/usr/bin/chromium';
/** Of a process or a page on a busy machine. */
const LIMIT_MS = 60_000;

jest.setTimeout(2 * LIMIT_MS);

function focused(page: Page): Promise<string | null> {
  return page.locator(':focus').textContent();
}

describe('the simulator alone', () => {
  const children: ChildProcess[] = [];

  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
  });

  function run(...args: string[]): {
    child: ChildProcess;
    output: () => string;
    ended: Promise<number | null>;
  } {
    const hooks = ['--import', './test/support/typescript-hooks.js'];
    const child = spawn(process.execPath, [...hooks, 'simulator/src/main.ts', ...args]);
    children.push(child);
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    return { child, output: () => output, ended };
  }

  it('implements the whole contract, and exits with code 0 on SIGTERM while a call hangs', async () => {
    const { child, output, ended } = run('--port', '0');
    await until(() => output().includes('Simulator ready'), 'the simulator', LIMIT_MS);
    const [, url] = /external at (\S+),/.exec(output())!;
    const client = new ExternalClient(url!);
    const paid = await client.post('/pay', payBody());
    expect(paid.body).toMatchObject({ result: 'OK', paymentId: expect.any(String) });
    const { body: scheduled } = await client.post('/subscription/schedule', subscriptionBody());
    const token = String(scheduled?.subscriptionToken);
    const refund = { amount: 1, currency: 'EUR', paymentId: paid.body?.paymentId };
    const refunded = await client.post('/refund', refund);
    const answers = [
      await client.post('/pay-by-link', payBody()),
      refunded,
      await client.get(`/refund/status?refundId=${String(refunded.body?.refundId)}`),
      await client.post('/cancel', { paymentId: paid.body?.paymentId }),
      await client.get(`/status?paymentId=${String(paid.body?.paymentId)}`),
      await client.post('/subscription/start', subscriptionBody()),
      await client.post('/subscription/pay', payBody({ subscriptionInfo: { token } })),
      await client.post(`/subscription/update/${token}`, { amount: 5, currency: 'EUR' }),
      await client.get(`/subscription/status/${token}`),
      await client.delete(`/subscription/expire/${token}`),
    ];
    expect(answers.map(({ status }) => status)).toEqual(Array.from(answers, () => 200));

    const hanging = client.post('/pay', payBody({ providerData: { scenario: 'timeout' } }));
    hanging.catch(() => undefined);
    await until(async () => (await client.get('/book')).text.includes('"timeout"'), 'the hanging call');
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
    await expect(hanging).rejects.toThrow('fetch failed');
  });

  it('prints in one line why it does not start', async () => {
    const { output, ended } = run('--port', 'http');
    expect([await ended, output()]).toEqual([
      2,
      'simulator: --port must be an integer from 0 to 65535, not "http"\n',
    ]);
    const occupied = await startSimulator({ port: 0 });
    const second = run('--port', String(occupied.port));
    expect(await second.ended).toBe(1);
    expect(second.output()).toMatch(/^simulator: .*EADDRINUSE.*\n$/);
    await occupied.close();
  });

  it('documents every option and scenario by --help', async () => {
    const { output, ended } = run('--help');
    expect(await ended).toBe(0);
    for (const word of [
      '--port',
      '--callback-url',
      '--notification-secret',
      'late-success',
      'expireScenario',
    ]) {
      expect(output()).toContain(word);
    }
  });
});

if (!existsSync(CHROMIUM)) {
  process.stderr.write(`SKIPPED: the redirect page in a browser, because there is no ${CHROMIUM}\n`);
}

(existsSync(CHROMIUM) ? describe : describe.skip)('the redirect page in a browser', () => {
  let browser: Browser;
  let shop: Server;
  let shopUrl: string;
  let simulator: Simulator;

  beforeAll(async () => {
    shop = createServer((request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(`<title>Shop ${request.url}</title>`);
    });
    await new Promise<void>((resolve) => shop.listen(0, '127.0.0.1', resolve));
    shopUrl = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
    simulator = await startSimulator({ port: 0, callbackUrl: () => `${simulator.url}/receiver` });
    const args = ['--no-sandbox', '--headless', '--disable-gpu', '--disable-dev-shm-usage'];
    browser = await chromium.launch({ executablePath: CHROMIUM, args });
  }, 60_000);

  afterAll(async () => {
    await browser.close();
    await simulator.close();
    shop.closeAllConnections();
    await new Promise((resolve) => shop.close(resolve));
  });

  async function redirected(overrides: object = {}): Promise<{ paymentId: string; url: string }> {
    const client = new ExternalClient(simulator.url);
    const { body } = await client.post(
      '/pay',
      payBody({ providerData: { scenario: 'redirect' }, ...overrides }),
    );
    return { paymentId: body?.paymentId as string, url: body?.redirectToUrl as string };
  }

  /** A page whose console messages (a policy violation is one) fail the test. */
  async function opened(url: string, width: number, complaints: string[]): Promise<Page> {
    const page = await browser.newPage({ viewport: { width, height: 720 } });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(url);
    return page;
  }

  it.each([
    [1_280, 'Approve', 'ACCEPTED', '/thanks'],
    [375, 'Decline', 'FAILED', '/sorry'],
  ])(
    'at %i px: %s by keyboard leads to the shop, and the callback follows',
    async (width, choice, status, path) => {
      const order = 'order-with-a-rather-long-name-as-shops-make-them-0123456789-0123456789-0123456789';
      const { paymentId, url } = await redirected({
        amount: 123_456_789,
        shopTransactionId: `${order}-${width}`,
        successRedirectUrl: `${shopUrl}/thanks`,
        failureRedirectUrl: `${shopUrl}/sorry`,
      });
      const complaints: string[] = [];
      const page = await opened(url, width, complaints);
      expect(await page.title()).toBe('Approve this payment?');
      expect(await page.locator('.sum').textContent()).toBe('1,234,567.89 EUR');
      const widths = await page.evaluate('[document.documentElement.scrollWidth, innerWidth]');
      expect(widths).toEqual([width, width]);
      for (const button of await page.locator('button').all()) {
        expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(44);
      }
      expect(await page.evaluate("getComputedStyle(document.querySelector('.sum')).fontSize")).toBe('36px');

      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Approve');
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid');
      await page.keyboard.press('Tab');
      expect(await focused(page)).toBe('Decline');
      if (choice === 'Approve') await page.keyboard.press('Shift+Tab');
      await page.keyboard.press('Enter');
      await page.waitForURL(`${shopUrl}${path}`);
      expect(simulator.book.payments.get(paymentId)?.status).toBe(status);
      await until(() => simulator.notifications().some((one) => one.paymentId === paymentId), 'the callback');

      await page.goto(url);
      expect(await page.locator('h1').textContent()).toBe(
        status === 'ACCEPTED' ? 'Payment approved' : 'Payment declined',
      );
      expect(complaints).toEqual([]);
      await page.close();
    },
  );

  it('shows a shop page if the shop sent no URL, and its own pages without console messages', async () => {
    const { url } = await redirected({ shopTransactionId: `<i>${'long'.repeat(40)}` });
    const complaints: string[] = [];
    const page = await opened(url, 360, complaints);
    await page.getByRole('button', { name: 'Approve' }).click();
    await page.getByRole('heading', { name: 'Thank you for your order' }).waitFor();
    await page.goto(simulator.url);
    for (const title of ['Book', 'Requests', 'Notifications', 'Overview']) {
      await page.getByRole('navigation').getByRole('link', { name: title }).click();
      expect(await page.locator('[aria-current]').textContent()).toBe(title);
      expect([title, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([title, 360]);
    }
    expect(complaints).toEqual([]);
    await page.close();
  });
});
