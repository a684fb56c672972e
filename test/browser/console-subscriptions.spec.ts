import { describe, expect, it } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { missingForConsole } from '../support/console-browser.js';
import { AMOUNT } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';

/** Subscriptions in the console: found, read, and settled from where they need attention. */

(missingForConsole() === undefined ? describe : describe.skip)('subscriptions in the console', () => {
  const stage = useConsole();

  /** Subscribes, with an amount that decides how the external answers; returns the token, if it gave one. */
  async function subscribe(shopTransactionId: string, amount: number): Promise<string> {
    const subscriptionInfo = { interval: 'MONTH', intervalCount: 3 };
    const body = { shopTransactionId, amount, subscriptionInfo };
    return String((await stage().post('subscription/start', body)).body['subscriptionToken']);
  }

  const details = (page: Page): Locator => page.getByRole('dialog', { name: 'Details: Subscriptions' });

  it('are listed, filtered, and read with their payments', async () => {
    const token = await subscribe('order-1', AMOUNT.accepted);
    await subscribe('order-2', AMOUNT.accepted);
    const page = await stage().operator();
    await stage().open('subscriptions');
    await page.getByRole('link', { name: 'order-2' }).waitFor();
    await page.getByRole('textbox', { name: 'Token' }).fill(token);
    await page.keyboard.press('Enter');
    await page.getByRole('link', { name: 'order-2' }).waitFor({ state: 'detached' });
    await page.getByRole('link', { name: 'order-1' }).click();
    for (const text of ['every 3 months', '20.00 EUR', token, 'acme'])
      await details(page).getByText(text, { exact: true }).first().waitFor();
    // An active one has nothing to record.
    expect(await details(page).getByRole('button', { name: 'Record the outcome' }).count()).toBe(0);
    await details(page).getByRole('link', { name: 'Payments' }).click();
    await page.getByRole('link', { name: 'order-1' }).click();
    await page.getByRole('heading', { name: 'Payment order-1' }).waitFor();
  }, 120_000);

  it('of unknown outcome are settled from Today', async () => {
    await subscribe('order-cut', AMOUNT.cut);
    await stage().attention('subscription-parked');
    const page = await stage().operator();
    const card = page.getByRole('article', { name: 'Subscription parked: order-cut' });
    await card.getByRole('link', { name: 'Open order-cut' }).click();
    await page.getByRole('link', { name: 'order-cut', exact: true }).click();
    await details(page).getByText('UNKNOWN', { exact: true }).waitFor();
    await details(page).getByRole('button', { name: 'Record the outcome' }).click();
    const dialog = page.getByRole('dialog', { name: 'Record the outcome' });
    await dialog.getByRole('radio', { name: /It is active/ }).check();
    await dialog.getByRole('textbox', { name: 'Token of the external' }).fill('sub-found');
    await dialog.getByRole('textbox', { name: 'Reason' }).fill('acme confirmed it, ticket 4711');
    await dialog.getByRole('button', { name: 'Record it for ever' }).click();
    await dialog.getByText('The state is now ACTIVE').waitFor();
    expect(await stage().items('subscriptions')).toMatchObject([
      { state: 'ACTIVE', subscriptionToken: 'sub-found', shopTransactionId: 'order-cut' },
    ]);
    expect(await stage().items('attention?kind=subscription-parked')).toEqual([]);
  }, 120_000);

  it('cannot be settled by who may not, and say why', async () => {
    await subscribe('order-cut', AMOUNT.cut);
    await stage().attention('subscription-parked');
    const page = await stage().operator(KEYS.support);
    await stage().open('subscriptions?state=UNKNOWN');
    await page.getByRole('link', { name: 'order-cut' }).click();
    await details(page).getByText('(admin-settle)').waitFor();
    expect(await details(page).getByRole('button', { name: 'Record the outcome' }).count()).toBe(0);
  }, 120_000);
});
