/**
 * How quick the console of the built gateway is, at the full speed of the processor and at a quarter of it (the throttle of
 * Chromium's DevTools): the table of docs/console.md. Needs Debian's Chromium. See `npm run test:console-speed`.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { launchBrowser, missingForConsole } from '../support/console-browser.js';
import {
  costs,
  FRAME,
  loadAll,
  measuringSession,
  NOTCHES,
  ownMs,
  SCROLLER,
  scrolled,
  toTop,
  turnWheel,
} from '../support/console-list.js';
import { startGatewayProcess } from '../support/gateway-process.js';
import { ensureFilled, median, say, scaleDatabase } from './scale-database.js';

const KEY = 'key-of-the-measurement';
const ROWS = 10_000;
const ROUNDS = 5;
const SCROLL_ROUNDS = 3;
const DRAGGED_FRAMES = 60;
const DRAG_PX = 1_500;
const FRAME_MS = 1_000 / 60;
const SPEEDS = [1, 4] as const;

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
    await loadAll(page, ROWS);
    await throttle(session, slowdown);
    for (let round = 0; round < SCROLL_ROUNDS; round += 1) {
      await toTop(page);
      const wheel = await scrolled(page, session, turnWheel);
      add('10,000 rows: work for each notch of the wheel, ms', wheel.spent['TaskDuration']! / NOTCHES);
      add('Of it scripts, styles and layout, ms', ownMs(wheel.spent) / NOTCHES);
      add('Longest frame, ms', Math.max(...wheel.gaps));
      add('Frames dropped, %', dropped(wheel.gaps));
      add('Tasks over 50 ms', wheel.longTasks);
      const drag = await scrolled(page, session, dragPage);
      add(`Work for each frame dragged over ${DRAG_PX} px, ms`, drag.spent['TaskDuration']! / DRAGGED_FRAMES);
      add('Dragged: scripts, styles and layout, ms', ownMs(drag.spent) / DRAGGED_FRAMES);
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
    return await use(page, await measuringSession(page));
  } finally {
    await context.close();
  }
}

async function throttle(session: CDPSession, rate: number): Promise<void> {
  await session.send('Emulation.setCPUThrottlingRate', { rate });
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
