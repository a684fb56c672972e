/**
 * How quick the console of the built gateway is, at the full speed of the processor and at a quarter of it (the throttle of
 * Chromium's DevTools): the table of docs/console.md. Needs Debian's Chromium. See `npm run test:console-speed`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { launchBrowser, missingForConsole } from '../support/console-browser.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { ensureFilled, median, say, scaleDatabase } from './scale-database.js';

const KEY = 'key-of-the-measurement';
const ROWS = 10_000;
const ROUNDS = 5;
const SCROLL_ROUNDS = 3;
const NOTCHES = 120;
const NOTCH_PX = 120;
const DRAGGED_FRAMES = 60;
const DRAG_PX = 1_500;
const FRAME_MS = 1_000 / 60;
const SPEEDS = [1, 4] as const;

const SCROLLER = "document.querySelector('.list-scroller')";
const FRAME = 'new Promise(requestAnimationFrame)';

/** In a page that is loaded afresh: tries in each frame, until what is waited for has come. */
const SIGN_IN = `
  if (document.querySelector('form input[type=password]'))
    document.querySelector('form button:not([type=submit])').dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
  return document.querySelector('form input[type=text]') !== null;`;
const FIRST_DIALOG = `
  if (!globalThis.isClicked) {
    const button = document.querySelector('main article button');
    button?.click();
    globalThis.isClicked = button !== null;
  }
  return document.querySelector('[role=dialog] button[type=submit]') !== null;`;

const missing = missingForConsole();
if (missing !== undefined) throw new Error(missing);
const folder = mkdtempSync(join(tmpdir(), 'tollgate-console-'));
const database = await scaleDatabase(`sqlite:${join(folder, 'ledger')}`, 'rows');
await ensureFilled(database, ROWS);
const gateway = await startGatewayProcess({
  built: true,
  env: { ...database.env, API_KEYS: `boss:${KEY}:admin`, WORKERS: 'off' },
});
const browser = await launchBrowser();
try {
  const columns = [];
  for (const slowdown of SPEEDS) columns.push(await measure(browser, slowdown));
  say('\n| what | best | median | best at a quarter of the speed | median at a quarter of the speed |');
  say('| --- | --- | --- | --- | --- |');
  for (const what of columns[0]!.keys()) {
    const cells = columns.flatMap((column) => {
      const values = column.get(what)!;
      return [Math.min(...values), median(values)].map((value) => `${Number(value.toPrecision(3))}`);
    });
    say(`| ${what} | ${cells.join(' | ')} |`);
  }
} finally {
  await browser.close();
  await gateway.dispose();
  rmSync(folder, { recursive: true, force: true });
}

type Figures = Map<string, number[]>;

async function measure(chromium: Browser, slowdown: number): Promise<Figures> {
  const figures: Figures = new Map();
  const add = (what: string, value: number): void => {
    figures.set(what, [...(figures.get(what) ?? []), value]);
    process.stderr.write(`${slowdown} × ${what}: ${Number(value.toPrecision(3))}\n`);
  };
  for (let round = 0; round < ROUNDS; round += 1) {
    const signIn = await firstAnswer(chromium, slowdown, SIGN_IN, false);
    add('Sign-in answers a click: work, ms', signIn.workMs);
    add('Sign-in answers a click: by the clock, ms', signIn.clockMs);
    const today = await firstAnswer(chromium, slowdown, FIRST_DIALOG, true);
    add('Today opens the first dialog, uncached: work, ms', today.workMs);
    add('Today opens the first dialog, uncached: by the clock, ms', today.clockMs);
  }
  await onPage(chromium, true, async (page, session) => {
    await page.goto(`${gateway.url}/console/#/payments`);
    await page.getByRole('table', { name: 'Payments' }).waitFor();
    await loadAll(page);
    await throttle(session, slowdown);
    for (let round = 0; round < SCROLL_ROUNDS; round += 1) {
      await page.evaluate(`${SCROLLER}.scrollTop = 0, ${FRAME}`);
      const wheel = await scrolled(page, session, () => turnWheel(page));
      add('10,000 rows: work for each notch of the wheel, ms', wheel.workMs / NOTCHES);
      add('Of it scripts, styles and layout, ms', wheel.ownMs / NOTCHES);
      add('Longest frame, ms', Math.max(...wheel.gaps));
      add('Frames dropped, %', dropped(wheel.gaps));
      add('Tasks over 50 ms', wheel.longTasks);
      const drag = await scrolled(page, session, () => dragPage(page));
      add(`Work for each frame dragged over ${DRAG_PX} px, ms`, drag.workMs / DRAGGED_FRAMES);
      add('Dragged: scripts, styles and layout, ms', drag.ownMs / DRAGGED_FRAMES);
      add('Dragged: longest frame, ms', Math.max(...drag.gaps));
      add('Dragged: tasks over 50 ms', drag.longTasks);
    }
  });
  return figures;
}

async function firstAnswer(
  chromium: Browser,
  slowdown: number,
  attempt: string,
  signedIn: boolean,
): Promise<{ readonly workMs: number; readonly clockMs: number }> {
  return onPage(chromium, signedIn, async (page, session) => {
    await page.addInitScript(`
      globalThis.answered = new Promise((resolve) => {
        const attempt = () => { ${attempt} };
        const frame = () => {
          if (attempt()) requestAnimationFrame(() => resolve(performance.now()));
          else requestAnimationFrame(frame);
        };
        requestAnimationFrame(frame);
      });`);
    await throttle(session, slowdown);
    const before = await costs(session);
    await page.goto(`${gateway.url}/console/`, { waitUntil: 'commit' });
    const clockMs = await page.evaluate<number>('globalThis.answered');
    const after = await costs(session);
    return { clockMs, workMs: after.TaskDuration! - before.TaskDuration! };
  });
}

/** A tab of its own, with nothing cached. */
async function onPage<Result>(
  chromium: Browser,
  signedIn: boolean,
  use: (page: Page, session: CDPSession) => Promise<Result>,
): Promise<Result> {
  const context = await chromium.newContext({ viewport: { width: 1_440, height: 900 } });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    // The renderer of the origin is started before the measurement.
    await page.goto(`${gateway.url}/console/settings.json`);
    if (signedIn) {
      const stored = JSON.stringify({ kind: 'key', key: KEY });
      await page.evaluate(`sessionStorage.setItem('tollgate.session', ${JSON.stringify(stored)})`);
    }
    const session = await context.newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    return await use(page, session);
  } finally {
    await context.close();
  }
}

async function throttle(session: CDPSession, rate: number): Promise<void> {
  await session.send('Emulation.setCPUThrottlingRate', { rate });
}

/** The processor time that the page's main thread has taken, in milliseconds by kind. */
async function costs(session: CDPSession): Promise<Readonly<Record<string, number>>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(
    metrics.filter(({ name }) => name.endsWith('Duration')).map(({ name, value }) => [name, value * 1_000]),
  );
}

/** Scrolls to the end until all rows are loaded. */
async function loadAll(page: Page): Promise<void> {
  const all = page.getByRole('status').filter({ hasText: `${ROWS} in all` });
  while (!(await all.isVisible()))
    await page.evaluate(`${SCROLLER}.scrollTop = ${SCROLLER}.scrollHeight, ${FRAME}`);
}

interface Scrolled {
  readonly workMs: number;
  readonly ownMs: number;
  /** The times between frames, in milliseconds. */
  readonly gaps: readonly number[];
  readonly longTasks: number;
}

async function scrolled(page: Page, session: CDPSession, scroll: () => Promise<void>): Promise<Scrolled> {
  await page.evaluate(`globalThis.recorded = (() => {
    const gaps = [];
    let longTasks = 0;
    const observer = new PerformanceObserver((list) => (longTasks += list.getEntries().length));
    observer.observe({ type: 'longtask' });
    globalThis.isScrolled = false;
    return new Promise((resolve) => {
      let before;
      const frame = (now) => {
        if (before !== undefined) gaps.push(now - before);
        before = now;
        if (!globalThis.isScrolled) return requestAnimationFrame(frame);
        observer.disconnect();
        resolve({ gaps, longTasks });
      };
      requestAnimationFrame(frame);
    });
  })(), undefined`);
  const before = await costs(session);
  await scroll();
  const after = await costs(session);
  const { gaps, longTasks } = await page.evaluate<Pick<Scrolled, 'gaps' | 'longTasks'>>(
    'globalThis.isScrolled = true, globalThis.recorded',
  );
  const spent = (name: string): number => after[name]! - before[name]!;
  const ownMs = spent('ScriptDuration') + spent('RecalcStyleDuration') + spent('LayoutDuration');
  return { workMs: spent('TaskDuration'), ownMs, gaps, longTasks };
}

async function turnWheel(page: Page): Promise<void> {
  await page.locator('.list-scroller').hover();
  for (let notch = 0; notch < NOTCHES; notch += 1) {
    await page.mouse.wheel(0, NOTCH_PX);
    await page.evaluate(FRAME);
  }
  await page.waitForFunction(`${SCROLLER}.scrollTop === ${NOTCHES * NOTCH_PX}`);
}

/** As with the bar, or End and Home: each frame shows other rows. */
async function dragPage(page: Page): Promise<void> {
  await page.evaluate(`(async () => {
    for (let frame = 0; frame < ${DRAGGED_FRAMES}; frame += 1) {
      ${SCROLLER}.scrollTop += ${DRAG_PX};
      await ${FRAME};
    }
  })()`);
}

/** The share of frames that were not shown in time. */
function dropped(gaps: readonly number[]): number {
  const due = gaps.map((gap) => Math.max(1, Math.round(gap / FRAME_MS)));
  const total = due.reduce((sum, each) => sum + each, 0);
  return (100 * (total - gaps.length)) / total;
}
