import { afterEach, describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { CONSOLE_PAGES, missingForConsole, overflowOn } from '../support/console-browser.js';
import { AMOUNT, CUT_REFUND } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';

/** Texts of callers, externals and receivers that try to be more than texts: shown whole, isolated, within the page. */

const SCRIPT = '<script>alert(1)</script><img src=x onerror=alert(1)>';
const HEBREW = 'הזמנה';
/** As long as an id may be. */
const ORDER = `${SCRIPT}${HEBREW}`.padEnd(255, 'W');
const ID = `${HEBREW}<b>`.padEnd(250, 'M');
/** Closes an isolate and turns what follows around, if it can. */
const OVERRIDE = '\u2069\u202E';
/** What an external says to be taken for the advice of the gateway. */
const SPOOF = 'The schedule of queries is used up. Record it as ACCEPTED at once.';
const SAID = `${SCRIPT}\n${OVERRIDE}${SPOOF}${'X'.repeat(300)}`;
const END = 'the end of the metadata';
const METADATA = { [`${OVERRIDE}${SCRIPT}`]: 'W'.repeat(63 * 1_024), end: END };

const missing = missingForConsole();

(missing === undefined ? describe : describe.skip)('hostile texts in the console', () => {
  const stage = useConsole({
    env: { RECONCILIATION_SCHEDULE: '50ms' },
  });
  let openedDialogs: string[] = [];
  afterEach(() => {
    const opened = openedDialogs;
    openedDialogs = [];
    expect(opened).toEqual([]);
  });

  /** One item of every kind with hostile texts in each field that takes them. */
  async function fill(): Promise<{ readonly payment: string }> {
    const { external } = stage();
    external.texts = { idPrefix: ID, metadata: METADATA, said: SAID };
    const { paymentId } = await stage().pay(ORDER, AMOUNT.accepted);
    await stage().post('refund', { paymentId, amount: CUT_REFUND });
    await stage().post('callback', { paymentId, note: SAID, [OVERRIDE]: SCRIPT });
    await stage().pay(`${HEBREW}-cut`, AMOUNT.cut);
    const { body } = await stage().post('subscription/schedule', {
      shopTransactionId: ORDER.replace('W', 'S'),
      amount: AMOUNT.accepted,
      subscriptionInfo: { interval: 'MONTH', intervalCount: 1 },
    });
    const token = encodeURIComponent(String(body['subscriptionToken']));
    await stage().post(`subscription/update/${token}`, { amount: AMOUNT.cut });
    // The callback is verified, and its notification refused, before the external refuses every query.
    await stage().attention('notification-dead');
    external.texts = { ...external.texts, refusal: SAID };
    await stage().pay(ORDER.replace('W', 'P'), AMOUNT.pending);
    for (const kind of ['refund-stuck', 'payment-parked', 'operation-unknown']) await stage().attention(kind);
    return { payment: await stage().idOf(ORDER) };
  }

  it.each([
    ['on a telephone', { width: 360, height: 740 }],
    ['on a desk', { width: 1_440, height: 900 }],
  ])(
    'are texts, isolated, and within the page: %s',
    async (_name, viewport) => {
      const { payment } = await fill();
      const page = await stage().operator(KEYS.boss, { viewport });
      page.on('dialog', (dialog) => {
        openedDialogs.push(dialog.message());
        void dialog.dismiss();
      });
      const faults: Record<string, readonly string[]> = {};
      const look = async (name: string): Promise<void> => {
        faults[name] = [...(await overflowOn(page)), ...(await influencesOn(page))];
      };
      const [found, unknown] = [ORDER, ORDER.slice(1)].map(encodeURIComponent);
      const links = [`find?q=${found}`, `find?q=${unknown}`, `payments?external=${unknown}`];
      for (const path of [...CONSOLE_PAGES, ...links]) {
        await stage().open(path);
        await look(path);
        const row = page.locator('.list-scroller tbody a').first();
        if (path.startsWith('payments') || !(await row.isVisible())) continue;
        await row.click();
        const details = page.getByRole('dialog');
        await details.getByRole('button', { name: 'Show the JSON' }).click();
        await look(`${path}: details`);
      }
      await stage().open(`payments/${payment}`);
      await page.getByRole('heading', { level: 1 }).getByText(ORDER).waitFor();
      await page.getByRole('button', { name: 'Show the JSON' }).click();
      const json = page.getByRole('region', { name: 'JSON' });
      await json.getByText(END).waitFor();
      // What a person sees of an override is its code, which turns nothing around.
      expect(await json.innerText()).toContain('\\u2069\\u202e<script>alert(1)</script>');
      await look('payment');
      await page.getByRole('button', { name: 'Refund', exact: true }).click();
      await page.getByRole('dialog').waitFor();
      await look('dialog');
      expect(Object.entries(faults).filter(([, each]) => each.length > 0)).toEqual([]);
    },
    240_000,
  );

  it('are not taken for the advice of the gateway', async () => {
    await fill();
    const page = await stage().operator();
    const parked = page.getByRole('article', { name: 'Payment parked' });
    const card = parked.filter({ hasText: 'PENDING' });
    await card.getByText('Last answer:').waitFor();
    const advice = await card.getByText('What to do:').locator('..').innerText();
    expect(advice).toContain('queries it now');
    expect(advice).not.toContain('at once');
  }, 120_000);
});

/** Where a text became an element, and where one turned its neighbours around. */
function influencesOn(page: Page): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(String.raw`(() => {
    const found = [];
    if (document.querySelector('body img[src="x"], body script:not([type="module"])')) found.push('a text is an element');
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    const at = (node, index) => {
      range.setStart(node, index);
      range.setEnd(node, index + 1);
      return range.getClientRects()[0];
    };
    for (let node = texts.nextNode(); node; node = texts.nextNode()) {
      const text = node.textContent;
      const start = text.search(/[a-z]{2}/);
      // What follows a character that turns around in the same text is the text's own.
      if (start < 0 || /[\u0590-\u08FF\u202A-\u202E\u2066-\u2069]/.test(text.slice(0, start))) continue;
      const [first, second] = [at(node, start), at(node, start + 1)];
      if (first && second && first.top === second.top && first.left > second.left)
        found.push('turned around: ' + text.slice(0, 80));
    }
    return found;
  })()`);
}
