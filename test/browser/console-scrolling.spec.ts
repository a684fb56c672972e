import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CDPSession, Page } from 'playwright-core';
import { ensureFilled, type ScaleDatabase, scaleDatabase } from '../scale/scale-database.js';
import { missingForConsole } from '../support/console-browser.js';
import { useConsole } from '../support/console-stage.js';

/**
 * 10,000 rows, scrolled by the wheel. What the rows of a notch cost is measured in the CPU time of the page's main thread,
 * which other programs of this machine do not change; the frames are printed only.
 */

const ROWS = 10_000;
/** Notches of the wheel, each of three rows. */
const NOTCHES = 120;
const NOTCH_PX = 120;
/** A tenth of a second, which a person sees, on a computer that is four times as slow as this one. */
const MAX_NOTCH_MS = 100 / 4;

(missingForConsole() === undefined ? describe : describe.skip)('a long list', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-rows-'));
  let database: ScaleDatabase;

  beforeAll(async () => {
    database = await scaleDatabase(`sqlite:${join(folder, 'ledger')}`, 'rows');
    await ensureFilled(database, ROWS);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  // The rows stay what they are.
  const stage = useConsole(() => ({ database: database.env, env: { WORKERS: 'off' } }));

  it('scrolls without a stutter', async () => {
    const page = await stage().operator();
    await stage().open('payments');
    await page.getByRole('table', { name: 'Payments' }).waitFor();
    await loadAll(page);
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const before = await costs(session);
    const gaps = (await gapsWhileScrolling(page)).toSorted((a, b) => a - b);
    const after = await costs(session);
    const [median, p95] = [0.5, 0.95].map((share) => gaps[Math.ceil(share * gaps.length) - 1]!);
    const notch = Object.fromEntries(
      Object.entries(after).map(([name, ms]) => [name, Number(((ms - before[name]!) / NOTCHES).toFixed(1))]),
    );
    process.stderr.write(
      `ms of CPU for each notch: ${JSON.stringify(notch)}; frames: median ${median!.toFixed(0)} ms, p95 ${p95!.toFixed(0)} ms\n`,
    );
    const { ScriptDuration, LayoutDuration, RecalcStyleDuration } = notch;
    expect(ScriptDuration! + LayoutDuration! + RecalcStyleDuration!).toBeLessThan(MAX_NOTCH_MS);
  }, 240_000);
});

const SCROLLER = "document.querySelector('.list-scroller')";
const FRAME = 'new Promise(requestAnimationFrame)';

/** What the main thread of the page has spent, in milliseconds. */
async function costs(session: CDPSession): Promise<Readonly<Record<string, number>>> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(
    metrics.filter(({ name }) => name.endsWith('Duration')).map(({ name, value }) => [name, value * 1_000]),
  );
}

/** Scrolls to the end until all rows are loaded, then back to the top. */
async function loadAll(page: Page): Promise<void> {
  const all = page.getByRole('status').filter({ hasText: `${ROWS} in all` });
  while (!(await all.isVisible()))
    await page.evaluate(`${SCROLLER}.scrollTop = ${SCROLLER}.scrollHeight, ${FRAME}`);
  await page.evaluate(`${SCROLLER}.scrollTop = 0, ${FRAME}`);
}

/** The times between frames, in milliseconds. */
async function gapsWhileScrolling(page: Page): Promise<readonly number[]> {
  await page.locator('.list-scroller').hover();
  const recorded = page.evaluate<readonly number[]>(`new Promise((resolve) => {
    const gaps = [];
    let before = performance.now();
    const frame = (now) => {
      gaps.push(now - before);
      before = now;
      if (globalThis.isScrolled) resolve(gaps);
      else requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  })`);
  for (let notch = 0; notch < NOTCHES; notch += 1) {
    await page.mouse.wheel(0, NOTCH_PX);
    await page.evaluate(FRAME);
  }
  await page.waitForFunction(`${SCROLLER}.scrollTop === ${NOTCHES * NOTCH_PX}`);
  await page.evaluate('globalThis.isScrolled = true');
  return recorded;
}
