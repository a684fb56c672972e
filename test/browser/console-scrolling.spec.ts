import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ensureFilled, type ScaleDatabase, scaleDatabase } from '../scale/scale-database.js';
import { missingForConsole } from '../support/console-browser.js';
import { loadAll, measuringSession, NOTCHES, ownMs, scrolled, turnWheel } from '../support/console-list.js';
import { useConsole } from '../support/console-stage.js';

/**
 * 10,000 rows, scrolled by the wheel. What the rows of a notch cost is measured in the CPU time of the page's main thread,
 * which other programs of this machine do not change; the frames are printed only.
 */

const ROWS = 10_000;
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
    await loadAll(page, ROWS);
    const { spent, gaps } = await scrolled(page, await measuringSession(page), turnWheel);
    const frames = gaps.toSorted((a, b) => a - b);
    const [median, p95] = [0.5, 0.95].map((share) => frames[Math.ceil(share * frames.length) - 1]!);
    const notch = Object.fromEntries(
      Object.entries(spent).map(([name, ms]) => [name, Number((ms / NOTCHES).toFixed(1))]),
    );
    process.stderr.write(
      `ms of CPU for each notch: ${JSON.stringify(notch)}; frames: median ${median!.toFixed(0)} ms, p95 ${p95!.toFixed(0)} ms\n`,
    );
    expect(ownMs(notch)).toBeLessThan(MAX_NOTCH_MS);
  }, 240_000);
});
