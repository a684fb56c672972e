import type { CDPSession, Page } from 'playwright-core';

/** A long list of the console that is scrolled, and what that costs. */

/** Notches of the wheel, each of three rows. */
export const NOTCHES = 120;
const NOTCH_PX = 120;

/** In the page. */
export const SCROLLER = "document.querySelector('.list-scroller')";
export const FRAME = 'new Promise(requestAnimationFrame)';

/** Processor time of the page's main thread, in milliseconds, by the names of Chromium: `TaskDuration`, `LayoutDuration`, … */
export type Costs = Readonly<Record<string, number>>;

export interface Scrolled {
  readonly spent: Costs;
  /** The times between frames, in milliseconds. */
  readonly gaps: readonly number[];
  readonly longTasks: number;
}

/** Where {@link costs} can be read: other programs of the machine do not change them. */
export async function measuringSession(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  return session;
}

/** What the page has cost so far. */
export async function costs(session: CDPSession): Promise<Costs> {
  const { metrics } = await session.send('Performance.getMetrics');
  return Object.fromEntries(
    metrics.filter(({ name }) => name.endsWith('Duration')).map(({ name, value }) => [name, value * 1_000]),
  );
}

/** Of what was spent, scripts, styles and layout. */
export function ownMs({ ScriptDuration, RecalcStyleDuration, LayoutDuration }: Costs): number {
  return ScriptDuration! + RecalcStyleDuration! + LayoutDuration!;
}

/** Scrolls to the end until all `rows` are loaded, then back to the top. */
export async function loadAll(page: Page, rows: number): Promise<void> {
  const all = page.getByRole('status').filter({ hasText: `${rows} in all` });
  while (!(await all.isVisible()))
    await page.evaluate(`${SCROLLER}.scrollTop = ${SCROLLER}.scrollHeight, ${FRAME}`);
  await toTop(page);
}

export async function toTop(page: Page): Promise<void> {
  await page.evaluate(`${SCROLLER}.scrollTop = 0, ${FRAME}`);
}

/** From the top, as a person scrolls. */
export async function turnWheel(page: Page): Promise<void> {
  await page.locator('.list-scroller').hover();
  for (let notch = 0; notch < NOTCHES; notch += 1) {
    await page.mouse.wheel(0, NOTCH_PX);
    await page.evaluate(FRAME);
  }
  await page.waitForFunction(`${SCROLLER}.scrollTop === ${NOTCHES * NOTCH_PX}`);
}

/** Records the frames while `scroll` runs. */
export async function scrolled(
  page: Page,
  session: CDPSession,
  scroll: (page: Page) => Promise<void>,
): Promise<Scrolled> {
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
  await scroll(page);
  const after = await costs(session);
  const recorded = await page.evaluate<Pick<Scrolled, 'gaps' | 'longTasks'>>(
    'globalThis.isScrolled = true, globalThis.recorded',
  );
  const spent = Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - before[name]!]));
  return { ...recorded, spent };
}
