import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

/** The pages by the beginning of their addresses, and their headings. */
const HEADINGS: Readonly<Record<string, string | RegExp>> = {
  '': 'Today',
  find: 'Find',
  payments: 'Payments',
  'payments/': /^Payment /,
  refunds: 'Refunds',
  subscriptions: 'Subscriptions',
  deliveries: 'Deliveries',
  notifications: 'Notifications',
  callbacks: 'Callbacks',
  operations: 'Operations',
  externals: 'Externals',
  audit: 'Audit',
};

/** The addresses of the pages, but for that of a payment. */
export const CONSOLE_PAGES: readonly string[] = Object.keys(HEADINGS)
  .filter((path) => !path.endsWith('/'))
  .map((path) => (path === 'find' ? 'find?q=order-1' : path));

/** Why the console cannot be opened here; undefined: it can. */
export function missingForConsole(): string | undefined {
  if (!existsSync(CHROMIUM)) return `there is no ${CHROMIUM}`;
  return existsSync('console/dist/index.html') ? undefined : 'it is not built: `npm run build`';
}

export function launchBrowser(): Promise<Browser> {
  const args = ['--no-sandbox', '--headless', '--disable-gpu', '--disable-dev-shm-usage'];
  return chromium.launch({ executablePath: CHROMIUM, args });
}

/** A tab of an operator, which collects what the browser complains about. */
export interface ConsoleTab {
  readonly page: Page;
  /** Errors of scripts, violations of the policy, requests to other origins. */
  readonly complaints: string[];
  /** How often the operator clicked. */
  clicks(): number;
  close(): Promise<void>;
}

/** Opens a cold tab on the console; nobody is signed in. */
export async function openConsole(
  browser: Browser,
  gatewayUrl: string,
  options: BrowserContextOptions = {},
): Promise<ConsoleTab> {
  const context = await browser.newContext({ viewport: { width: 1_440, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  let clicks = 0;
  await page.exposeFunction('reportViolation', (text: string) => complaints.push(text));
  await page.exposeFunction('countClick', () => (clicks += 1));
  await page.addInitScript(`
    document.addEventListener('securitypolicyviolation', (event) =>
      reportViolation(event.violatedDirective + ' ' + event.blockedURI));
    document.addEventListener('click', () => countClick(), true);
  `);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => {
    // Refused calls are logged too, and are the subject of some tests.
    const isRefusal = message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusal) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(gatewayUrl))
      complaints.push(request.url());
  });
  await page.goto(`${gatewayUrl}/console/`);
  return { page, complaints, clicks: () => clicks, close: () => context.close() };
}

/** Signs in as a person does. */
export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByRole('textbox', { name: 'API key' }).fill(key);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
}

/** Waits until the page of an address is shown with what it loads. */
export async function isShown(page: Page, path: string): Promise<void> {
  const [beginning = ''] = /^[a-z]*(?:\/|(?=\?)|$)/.exec(path) ?? [];
  await page.getByRole('heading', { level: 1, name: HEADINGS[beginning]!, exact: true }).waitFor();
  await page.locator('main [aria-busy=true]').first().waitFor({ state: 'detached' });
}

/** The barriers that axe finds on the page as it is, each with the places. */
export async function barriersOn(page: Page): Promise<readonly string[]> {
  // Colours in the middle of a transition are none that a person reads.
  await page.evaluate('Promise.all(document.getAnimations().map((each) => each.finished)).catch(() => {})');
  await page.evaluate(readFileSync(AXE, 'utf8'));
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
    };
    const { violations } = await axe.run();
    return violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
    );
  });
}

/** What makes the page wider than the window; nothing where it is not. */
export function overflowOn(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(`(() => {
    const { clientWidth, scrollWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter(
      (each) => each.children.length === 0 && each.getBoundingClientRect().right > clientWidth + 1,
    );
    const names = wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 200));
    return [scrollWidth + ' px wide instead of ' + clientWidth + ': ' + names.join(' | ')];
  })()`);
}
