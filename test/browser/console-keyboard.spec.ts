import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { missingForConsole } from '../support/console-browser.js';
import { AMOUNT } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';
import { until } from '../support/until.js';

/** Every flow of the console by keyboard alone: nothing is clicked, and nothing is filled in but by its keys. */

const MAX_STEPS = 120;

(missingForConsole() === undefined ? describe : describe.skip)('the console by keyboard', () => {
  const stage = useConsole({ config: { operations: { cancel: true } } });
  let page: Page;

  const focused = (): Locator => page.locator(':focus');

  /** Presses a key until the focus is there, where it must be seen. */
  async function to(target: Locator, key = 'Tab'): Promise<void> {
    const passed: string[] = [];
    for (let step = 0; step < MAX_STEPS; step += 1) {
      if ((await target.and(focused()).count()) > 0) {
        expect(await target.and(page.locator(':focus-visible')).count()).toBe(1);
        return;
      }
      passed.push(await page.evaluate<string>('document.activeElement.outerHTML.slice(0, 80)'));
      await page.keyboard.press(key);
    }
    throw new Error(`${String(target)} was not reached by ${passed.slice(0, 30).join('\n')}`);
  }

  const press = (key: string): Promise<void> => page.keyboard.press(key);
  const type = (text: string): Promise<void> => page.keyboard.type(text);
  const button = (name: string | RegExp): Locator => page.getByRole('button', { name });
  const dialog = (): Locator => page.getByRole('dialog');
  const inDialog = (name: string): Locator => dialog().getByRole('button', { name, exact: true });

  /** Goes to a button, and presses it. */
  async function act(name: string | RegExp): Promise<void> {
    await button(name).first().waitFor();
    await to(button(name));
    await press('Enter');
  }

  /** Confirms the open dialog, reads what came of it, and closes it; the focus is not lost. */
  async function confirm(name: string, result: RegExp): Promise<void> {
    await to(inDialog(name));
    await press('Enter');
    await dialog().getByRole('status').filter({ hasText: result }).waitFor();
    await inDialog('Done').and(focused()).waitFor();
    await press('Enter');
    await dialog().waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement.tagName')).not.toBe('BODY');
  }

  /** Signs in, and opens a page by the navigation. */
  async function operator(pageName?: string): Promise<void> {
    page = await stage().operator(KEYS.boss);
    if (pageName === undefined) return;
    await to(page.getByRole('link', { name: pageName, exact: true }));
    await press('Enter');
    await page.getByRole('heading', { name: pageName, level: 1 }).waitFor();
  }

  async function openPayment(order: string): Promise<void> {
    await operator('Payments');
    await page.getByRole('link', { name: order }).waitFor();
    await to(page.getByRole('link', { name: order }));
    await press('Enter');
    await page.getByRole('heading', { name: `Payment ${order}` }).waitFor();
  }

  it('signs in, skips to the content, changes the appearance and signs out', async () => {
    page = await stage().visitor();
    await page.getByRole('textbox', { name: 'API key' }).waitFor();
    await type(KEYS.boss);
    await press('Enter');
    await page.getByRole('heading', { name: 'Today', level: 1 }).waitFor();
    await to(page.getByRole('link', { name: 'Skip to the content' }));
    await press('Enter');
    await page.locator('main').and(focused()).waitFor();
    await to(page.getByRole('combobox', { name: 'Appearance' }), 'Shift+Tab');
    await type('Dark');
    await page.locator('[data-mantine-color-scheme=dark]').waitFor();
    await act('Sign out');
    await page.getByRole('textbox', { name: 'API key' }).waitFor();
  }, 120_000);

  it('checks a payment', async () => {
    await stage().pay('order-parked', AMOUNT.pending);
    await stage().attention('payment-parked');
    stage().external.decide();
    await operator();
    await act(/^Check now: order-parked/);
    await confirm('Query the external', /was PENDING and is now ACCEPTED/);
  }, 120_000);

  it('refunds a part, then the rest', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    await openPayment('order-1');
    await act('Refund');
    await page.getByRole('textbox', { name: 'Reason' }).waitFor();
    await to(page.getByRole('radio', { name: 'All that is left' }), 'Shift+Tab');
    await press('ArrowDown');
    await to(page.getByRole('textbox', { name: /^Amount/ }));
    await type('5.00');
    await to(page.getByRole('textbox', { name: 'Reason' }));
    await type('ticket 4711');
    await confirm('Refund 5.00 EUR', /5\.00 EUR was refunded/);
    await act('Refund');
    // The dialog begins where something is to be typed.
    await page.getByRole('textbox', { name: 'Reason' }).and(focused()).waitFor();
    await type('ticket 4712');
    await confirm('Refund 15.00 EUR', /15\.00 EUR was refunded/);
    expect(await stage().items('refunds')).toMatchObject([{ amount: 1_500 }, { amount: 500 }]);
  }, 120_000);

  it('records an outcome, and corrects it', async () => {
    await stage().pay('order-cut', AMOUNT.cut);
    await stage().attention('payment-unknown');
    await openPayment('order-cut');
    await act('Record the outcome');
    await page
      .getByRole('radio', { name: /It was paid/ })
      .and(focused())
      .waitFor();
    await press('Space');
    await to(page.getByRole('textbox', { name: /paymentId/ }));
    await type('pm_1');
    await to(page.getByRole('textbox', { name: 'Reason' }));
    await type('acme confirmed it');
    await confirm('Record it for ever', /The state is now ACCEPTED/);
    await act('Correct the record');
    await page
      .getByRole('radio', { name: /It was paid/ })
      .and(focused())
      .waitFor();
    await press('ArrowDown');
    await to(page.getByRole('textbox', { name: 'Reason' }));
    await type('acme was wrong');
    await confirm('Correct it for ever', /The state is now FAILED/);
  }, 120_000);

  it('cancels a payment', async () => {
    await stage().pay('order-pending', AMOUNT.pending);
    await openPayment('order-pending');
    await act('Cancel');
    await page.getByRole('textbox', { name: 'Reason' }).and(focused()).waitFor();
    await type('the payer asked for it');
    await confirm('Cancel the payment', /can no longer be paid/);
  }, 120_000);

  it('sends one notification, a selection and all again', async () => {
    const { external } = stage();
    external.decide();
    for (const order of ['order-1', 'order-2', 'order-3', 'order-4', 'order-5'])
      await stage().pay(order, AMOUNT.pending);
    const dead = async (): Promise<number> => (await stage().items('notifications?state=DEAD')).length;
    await until(async () => (await dead()) === 5, 'five dead notifications');
    await operator('Deliveries');
    external.receiverIsDown = false;
    await act(/^Send again: order-\d, payment/);
    await confirm('Send again', /queued/);
    await until(async () => (await dead()) === 4, 'four dead notifications');
    await page.getByText('payment-callback: 4').waitFor();
    const rows = page.getByRole('checkbox', { name: /^Select order-\d, payment/ });
    await to(rows.nth(0));
    await press('Space');
    await to(rows.nth(1));
    await press('Space');
    await to(button('Send 2 selected again'));
    await press('Enter');
    await confirm('Send again', /2 queued/);
    await page.getByText('payment-callback: 2').waitFor();
    await to(button('Send all 2 to payment-callback again'));
    await press('Enter');
    await confirm('Send again', /2 queued/);
    await until(async () => (await dead()) === 0, 'no dead notification');
  }, 90_000);

  it('searches, and opens what it found', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    await operator('Find');
    await to(page.getByRole('textbox', { name: 'What are you looking for?' }));
    await type('order-1');
    await press('Enter');
    const hit = page.getByRole('article', { name: /^Payment / }).getByRole('link');
    await hit.waitFor();
    await to(hit);
    await press('Enter');
    await page.getByRole('heading', { name: 'Payment order-1' }).waitFor();
  }, 120_000);

  it('filters a list, chooses its columns, reads a row and saves the CSV', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    const { paymentId } = await stage().pay('order-2', AMOUNT.accepted);
    await stage().post('refund', { paymentId, amount: 500 });
    await operator('Payments');
    await page.getByRole('link', { name: 'order-1' }).waitFor();
    await to(page.getByRole('combobox', { name: 'State' }));
    await type('ACC');
    await page.waitForURL(/state=ACCEPTED/);
    await to(page.getByRole('textbox', { name: 'Order' }));
    await type('order-2');
    await press('Enter');
    await page.getByRole('link', { name: 'order-1' }).waitFor({ state: 'detached' });
    await act('Columns');
    const refunded = page.getByRole('checkbox', { name: 'Refunded' });
    await refunded.waitFor();
    await to(refunded);
    await press('Space');
    await press('Escape');
    await refunded.waitFor({ state: 'hidden' });
    await button('Columns').and(focused()).waitFor();
    await page.getByRole('cell', { name: '5.00 EUR' }).waitFor();
    const saved = page.waitForEvent('download');
    await act('Download CSV');
    expect(readFileSync(await (await saved).path(), 'utf8')).toContain('order-2');
    await act('Clear the filters');
    await page.getByRole('link', { name: 'order-1' }).waitFor();
  }, 120_000);

  it('opens the details of a row, and returns to it', async () => {
    const { paymentId } = await stage().pay('order-1', AMOUNT.accepted);
    await stage().post('refund', { paymentId, amount: 500 });
    await operator('Refunds');
    const row = page.getByRole('table').getByRole('link').first();
    await row.waitFor();
    await to(row);
    await press('Enter');
    await dialog().getByRole('button', { name: 'Show the JSON' }).waitFor();
    await to(dialog().getByRole('button', { name: 'Show the JSON' }));
    await press('Enter');
    await to(dialog().getByRole('region', { name: 'JSON' }));
    await press('Escape');
    await dialog().waitFor({ state: 'detached' });
    await row.and(focused()).waitFor();
  }, 120_000);

  it('acts from the details of a row', async () => {
    const info = { interval: 'MONTH', intervalCount: 1 };
    await stage().post('subscription/schedule', {
      shopTransactionId: 'order-s',
      amount: AMOUNT.cut,
      subscriptionInfo: info,
    });
    await operator('Subscriptions');
    const row = page.getByRole('link', { name: 'order-s' });
    await row.waitFor();
    await to(row);
    await press('Enter');
    await act('Record the outcome');
    const active = page.getByRole('radio', { name: /It is active/ }).and(focused());
    await active.waitFor();
    // Escape closes the dialog, and leaves the details.
    await press('Escape');
    await active.waitFor({ state: 'detached' });
    await act('Record the outcome');
    await active.waitFor();
    await press('Space');
    await to(page.getByRole('textbox', { name: 'Token of the external' }));
    await type('sub_1');
    await to(page.getByRole('textbox', { name: 'Reason' }));
    await type('acme confirmed it');
    await to(button('Record it for ever'));
    await press('Enter');
    await dialog().getByRole('status').filter({ hasText: 'The state is now ACTIVE' }).waitFor();
  }, 120_000);
});
