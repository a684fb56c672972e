import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { barriersOn, CONSOLE_PAGES, missingForConsole, overflowOn } from '../support/console-browser.js';
import { AMOUNT, CUT_REFUND } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';
import { until } from '../support/until.js';

/** Every page and every dialog on a telephone, in light and dark: without barriers, and not wider than the screen. */

const TELEPHONE = { width: 360, height: 740 };

(missingForConsole() === undefined ? describe : describe.skip)('the console on a telephone', () => {
  const stage = useConsole({ config: { operations: { cancel: true } } });

  /** Something of every kind that an operator can act on. */
  async function fill(): Promise<Record<'accepted' | 'pending' | 'cut', string>> {
    const { paymentId } = await stage().pay('order-1', AMOUNT.accepted);
    await stage().post('refund', { paymentId, amount: CUT_REFUND });
    await stage().post('callback', { paymentId });
    await stage().pay('order-2', AMOUNT.pending);
    await stage().pay('order-3', AMOUNT.cut);
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
    await stage().post('subscription/schedule', {
      shopTransactionId: 'order-4',
      amount: AMOUNT.cut,
      subscriptionInfo,
    });
    await stage().post('subscription/update/sub_1', { amount: AMOUNT.cut });
    for (const kind of ['refund-stuck', 'payment-parked', 'operation-unknown']) await stage().attention(kind);
    const dead = async (): Promise<number> => (await stage().items('notifications?state=DEAD')).length;
    await until(async () => (await dead()) > 0, 'a dead notification', 30_000);
    const [accepted, pending, cut] = [
      await stage().idOf('order-1'),
      await stage().idOf('order-2'),
      await stage().idOf('order-3'),
    ];
    return { accepted, pending, cut };
  }

  it.each(['light', 'dark'] as const)(
    'has no barriers: %s',
    async (colorScheme) => {
      const ids = await fill();
      const page = await stage().operator(KEYS.boss, { viewport: TELEPHONE, colorScheme });
      const faults: Record<string, readonly string[]> = {};
      const look = async (name: string): Promise<void> => {
        faults[name] = [
          ...(await barriersOn(page)),
          ...(await overflowOn(page)),
          ...(await hiddenOn(page, 'form button[type=submit]')),
        ];
      };
      const closeDialog = async (): Promise<void> => {
        await page.keyboard.press('Escape');
        await page.getByRole('dialog').last().waitFor({ state: 'detached' });
      };

      for (const path of CONSOLE_PAGES) {
        await stage().open(path);
        await look(path);
        const row = page.locator('.list-scroller tbody a').first();
        if (path === 'payments' || !(await row.isVisible())) continue;
        await row.click();
        await page.getByRole('dialog').getByRole('button', { name: 'Show the JSON' }).click();
        await look(`${path}: details`);
        const record = page.getByRole('dialog').getByRole('button', { name: 'Record the outcome' });
        if (await record.isVisible()) {
          await record.click();
          await page.getByText('What will happen').waitFor();
          await look(`${path}: record the outcome`);
          await page.keyboard.press('Escape');
          await page.getByText('What will happen').waitFor({ state: 'detached' });
        }
      }

      await stage().open('payments');
      await page.getByRole('button', { name: 'Open the menu' }).click();
      await look('menu');
      await page.getByRole('button', { name: 'Open the menu' }).click();
      await page.getByRole('button', { name: 'Filters' }).click();
      await page.getByRole('button', { name: 'Columns' }).click();
      await page.getByRole('checkbox', { name: 'Refunded' }).waitFor();
      await look('filters and columns');

      const dialogs = [
        [`payments/${ids.accepted}`, 'Refund'],
        [`payments/${ids.accepted}`, 'Record the outcome'],
        [`payments/${ids.pending}`, 'Check now'],
        [`payments/${ids.pending}`, 'Cancel'],
        [`payments/${ids.cut}`, 'Record the outcome'],
        ['deliveries', 'Send again'],
        ['deliveries', 'Send all'],
      ] as const;
      for (const [path, name] of dialogs) {
        await stage().open(path);
        await look(path);
        await page.getByRole('button', { name }).first().click();
        const dialog = page.getByRole('dialog');
        await dialog.getByText('What will happen').waitFor();
        await look(`${path}: ${name}`);
        // What it asks for further, and what it says where something is missing.
        const part = dialog.getByRole('radio', { name: /A part|It was paid/ });
        if (await part.isVisible()) await part.check();
        const reason = dialog.getByRole('textbox', { name: 'Reason' });
        if (await reason.isVisible()) {
          await dialog.locator('button[type=submit]').click();
          await look(`${path}: ${name}, incomplete`);
          await reason.focus();
          faults[`${path}: ${name}, focus`] = await hiddenOn(page, 'textarea:focus');
        }
        await closeDialog();
      }

      // What a dialog says when its act fails, and when it is done.
      await stage().open(`payments/${ids.pending}`);
      await page.getByRole('button', { name: 'Check now' }).click();
      await page.route('**/check', (route) => route.abort());
      await page.getByRole('button', { name: 'Query the external' }).click();
      await page.getByRole('dialog').getByRole('alert').waitFor();
      await look('failed');
      await page.unroute('**/check');
      await page.getByRole('button', { name: 'Query the external' }).click();
      await page.getByRole('button', { name: 'Done' }).waitFor();
      await look('done');
      await page.keyboard.press('Enter');

      await page.route('**/admin/**', (route) => route.fulfill({ status: 401, body: '{}' }));
      await page.getByText('Your session has ended').waitFor();
      await look('session ended');
      expect(Object.entries(faults).filter(([, each]) => each.length > 0)).toEqual([]);
    },
    300_000,
  );
});

/** Whether an element of the dialog is below the fold or behind another; nothing where it is shown, or there is none. */
function hiddenOn(page: Page, selector: string): Promise<readonly string[]> {
  return page.evaluate<readonly string[]>(`(() => {
    const element = document.querySelector('[role=dialog] ${selector}');
    if (!element) return [];
    const { left, right, top, bottom } = element.getBoundingClientRect();
    if (bottom > innerHeight || top < 0) return ['out of sight: ' + element.outerHTML.slice(0, 200)];
    const inFront = document.elementFromPoint((left + right) / 2, bottom - 2);
    return element.contains(inFront) ? [] : ['behind ' + inFront?.outerHTML.slice(0, 200)];
  })()`);
}
