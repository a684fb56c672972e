import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from '@jest/globals';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import type { Clock } from '../../src/shared/clock.js';
import { type Answer, call } from './client.js';
import { type ConsoleTab, isShown, launchBrowser, openConsole, signIn } from './console-browser.js';
import { ConsoleExternal } from './console-external.js';
import { type Gateway, startGateway } from './gateway.js';
import { until } from './until.js';

/** The keys of two operators who may do everything, of one who may check and replay, and of one who may only read. */
export const KEYS = {
  boss: 'an-admin-key-of-these-tests',
  other: 'another-admin-key-of-these',
  support: 'a-support-key-of-these-tests',
  reader: 'a-reader-key-of-these-tests',
} as const;

interface StageOptions {
  /** More members of the external's entry in its file. */
  readonly config?: object;
  readonly env?: Readonly<Record<string, string>>;
  readonly database?: Readonly<Record<string, string>>;
  /** Of the gateway. */
  readonly clock?: Clock;
}

/** The external `acme`, a gateway in front of it, and an operator with a browser. */
export class ConsoleStage {
  readonly external = new ConsoleExternal();
  gateway!: Gateway;
  readonly #tabs: ConsoleTab[] = [];

  constructor(private readonly browser: Browser) {}

  async start({ config = {}, env = {}, database, clock }: StageOptions): Promise<void> {
    const baseUrl = await this.external.start();
    this.gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl, callbackAuth: { type: 'none' }, ...config }],
      ...(database && { database }),
      ...(clock && { clock }),
      env: {
        API_KEYS: `boss:${KEYS.boss}:admin,other:${KEYS.other}:admin,support:${KEYS.support}:admin-read+admin-act,reader:${KEYS.reader}:admin-read`,
        PAYMENT_CALLBACK_URL: `${baseUrl}/receiver`,
        NOTIFICATION_SCHEDULE: '50ms',
        RECONCILIATION_SCHEDULE: '50ms,50ms',
        ...env,
      },
    });
  }

  async close(): Promise<void> {
    await this.gateway?.close();
    await this.external.close();
  }

  /** Closes the tabs, about which the browser must not have complained. */
  async closeTabs(): Promise<void> {
    const tabs = this.#tabs.splice(0);
    for (const tab of tabs) await tab.close();
    expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([]);
  }

  /** The tab that was opened last. */
  get tab(): ConsoleTab {
    return this.#tabs.at(-1)!;
  }

  async pay(shopTransactionId: string, amount: number): Promise<Record<string, unknown>> {
    return (await this.post('pay', { shopTransactionId, amount })).body;
  }

  /** A call of a caller to `acme`, in EUR. */
  post(operation: string, body: object): Promise<Answer> {
    const headers = { 'Idempotency-Key': randomUUID() };
    return call(`${this.gateway.url}/v3/acme/${operation}`, 'POST', { currency: 'EUR', ...body }, headers);
  }

  /** The items of a list of `/admin`. */
  async items(path: string): Promise<readonly Record<string, unknown>[]> {
    const headers = { 'X-Api-Key': KEYS.other };
    const { body } = await call(`${this.gateway.url}/admin/${path}`, 'GET', undefined, headers);
    return body['items'] as readonly Record<string, unknown>[];
  }

  /** An act of the other operator, who uses no browser. */
  act(path: string, body: object): Promise<Answer> {
    const headers = { 'X-Api-Key': KEYS.other, 'Idempotency-Key': randomUUID() };
    return call(`${this.gateway.url}/admin/${path}`, 'POST', body, headers);
  }

  /** The gateway's own id of the newest payment of an order. */
  async idOf(shopTransactionId: string): Promise<string> {
    const query = new URLSearchParams({ shopTransactionId });
    return String((await this.items(`payments?${query.toString()}`))[0]!['id']);
  }

  /** Waits until the gateway needs an operator. */
  async attention(kind: string): Promise<void> {
    await until(async () => (await this.items(`attention?kind=${kind}`)).length > 0, kind, 30_000);
  }

  /** Opens a cold tab, without a session. */
  async visitor(options: BrowserContextOptions = {}): Promise<Page> {
    const tab = await openConsole(this.browser, this.gateway.url, options);
    this.#tabs.push(tab);
    return tab.page;
  }

  /** Opens a cold tab and signs in. */
  async operator(key: string = KEYS.boss, options: BrowserContextOptions = {}): Promise<Page> {
    const page = await this.visitor(options);
    await signIn(page, key);
    return page;
  }

  /** Goes to a page by its address, as from a link. */
  async goTo(path: string): Promise<void> {
    await this.tab.page.goto(`${this.gateway.url}/console/#/${path}`);
  }

  /** Goes to a page, and waits until it is shown. */
  async open(path: string): Promise<void> {
    await this.goTo(path);
    await isShown(this.tab.page, path);
  }
}

/**
 * To be called in a `describe`. The gateway and its external are new for each test, or `shared` by all of them, which then
 * have orders of their own; tabs are new for each test in any case.
 */
export function useConsole(
  options: StageOptions | (() => StageOptions) = {},
  { shared = false }: { readonly shared?: boolean } = {},
): () => ConsoleStage {
  let browser: Browser;
  let stage: ConsoleStage;
  beforeAll(async () => {
    browser = await launchBrowser();
  }, 60_000);
  (shared ? beforeAll : beforeEach)(async () => {
    stage = new ConsoleStage(browser);
    await stage.start(typeof options === 'function' ? options() : options);
  }, 60_000);
  afterEach(() => stage.closeTabs(), 60_000);
  (shared ? afterAll : afterEach)(() => stage.close(), 60_000);
  afterAll(() => browser?.close());
  return () => stage;
}
