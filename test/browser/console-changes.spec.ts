import { describe, expect, it } from '@jest/globals';
import type { Locator, Page, Route } from 'playwright-core';
import { missingForConsole } from '../support/console-browser.js';
import { AMOUNT } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';

/** A payment that changes while an operator looks at it, and two operators who act on the same one. */

const TICKET = 'ticket 4711';

(missingForConsole() === undefined ? describe : describe.skip)('a payment that changes meanwhile', () => {
  const stage = useConsole({
    config: { operations: { cancel: true } },
    env: { RECONCILIATION_SCHEDULE: '1h' },
  });

  const dialog = (page: Page): Locator => page.getByRole('dialog');
  const press = (page: Page, name: string): Promise<void> =>
    dialog(page).getByRole('button', { name, exact: true }).click();
  const reasonOf = (page: Page): Locator => page.getByRole('textbox', { name: 'Reason' });
  const refunds = async (): Promise<unknown[]> =>
    (await stage().items('refunds')).map(({ state, amount }) => [state, amount]);

  /** The page of a payment with one of its dialogs open, and a reason typed. */
  async function opened(path: string, act: string): Promise<Page> {
    const page = await stage().operator();
    await stage().open(path);
    await page.getByRole('button', { name: act, exact: true }).click();
    await reasonOf(page).fill(TICKET);
    return page;
  }

  it('is reported on its page', async () => {
    await stage().pay('order-1', AMOUNT.pending);
    const id = await stage().idOf('order-1');
    const page = await stage().operator();
    await stage().open(`payments/${id}`);
    await page.getByText('PENDING', { exact: true }).first().waitFor();
    stage().external.decide();
    expect((await stage().act(`payments/${id}/check`, {})).body).toMatchObject({ state: 'ACCEPTED' });
    const notice = page.getByRole('status').filter({ hasText: 'has changed' });
    await notice.getByText('It was PENDING and is now ACCEPTED.').waitFor();
    await page.getByRole('button', { name: 'Refund', exact: true }).waitFor();
    await notice.getByRole('button', { name: 'Close' }).click();
    await notice.waitFor({ state: 'detached' });
  }, 120_000);

  it('is reported in an open dialog, before anything is sent', async () => {
    await stage().pay('order-1', AMOUNT.pending);
    const id = await stage().idOf('order-1');
    const page = await opened(`payments/${id}`, 'Cancel');
    stage().external.decide();
    await stage().act(`payments/${id}/check`, {});
    await dialog(page).getByText('It was PENDING and is now ACCEPTED.').waitFor();
    await press(page, 'Cancel the payment');
    await dialog(page).getByRole('alert').getByText('Someone or something changed it meanwhile.').waitFor();
    expect(await reasonOf(page).inputValue()).toBe(TICKET);
    expect(await stage().items('payments')).toMatchObject([{ state: 'ACCEPTED' }]);
  }, 120_000);

  it('is refunded in part once by each of two operators only if both have seen what the other did', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    const id = await stage().idOf('order-1');
    const page = await opened(`payments/${id}`, 'Refund');
    await page.getByRole('radio', { name: 'A part' }).check();
    const amount = page.getByRole('textbox', { name: /^Amount/ });
    await amount.fill('15.00');
    // At the same moment: the refund is already on its way when the other operator's arrives before it.
    const overtaken = async (route: Route): Promise<void> => {
      await stage().act(`payments/${id}/refund`, { amount: 1_000, reason: 'I was faster' });
      await route.continue();
    };
    await page.route('**/refund', overtaken, { times: 1 });
    await press(page, 'Refund 15.00 EUR');
    const said = dialog(page).getByRole('alert').filter({ hasText: 'No refund was made' });
    await said.getByText('Refunds took 0.00 EUR of it and now take 10.00 EUR.').waitFor();
    expect([await amount.inputValue(), await reasonOf(page).inputValue()]).toEqual(['15.00', TICKET]);
    await dialog(page).getByText('Enter an amount above zero and up to 10.00 EUR.').first().waitFor();
    expect(await refunds()).toEqual([['OK', 1_000]]);
    await amount.fill('5.00');
    await press(page, 'Refund 5.00 EUR');
    await dialog(page).getByRole('status').getByText('5.00 EUR was refunded').waitFor();
    expect(await refunds()).toEqual([
      ['OK', 500],
      ['OK', 1_000],
    ]);
  }, 120_000);

  it('is refunded whole once, if two operators press at the same moment', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    const path = `payments/${await stage().idOf('order-1')}`;
    const pages = [await opened(path, 'Refund'), await opened(path, 'Refund')];
    await Promise.all(pages.map((page) => press(page, 'Refund 20.00 EUR')));
    const ends = pages.map(async (page) => {
      const [done, refused] = [dialog(page).getByText('was refunded'), dialog(page).getByRole('alert')];
      await done.or(refused).first().waitFor();
      return (await done.isVisible()) ? 'refunded' : reasonOf(page).inputValue();
    });
    expect((await Promise.all(ends)).toSorted()).toEqual(['refunded', TICKET]);
    expect(await refunds()).toEqual([['OK', AMOUNT.accepted]]);
  }, 120_000);

  it('says that nothing is left once another operator has refunded the whole', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    const id = await stage().idOf('order-1');
    const page = await opened(`payments/${id}`, 'Refund');
    await stage().act(`payments/${id}/refund`, { reason: 'I was faster' });
    await press(page, 'Refund 20.00 EUR');
    await dialog(page).getByRole('alert').getByText('No refund was made').waitFor();
    await dialog(page).locator('button[type=submit]').click();
    await dialog(page).getByRole('alert').getByText('Nothing is left to refund.').waitFor();
    expect(await reasonOf(page).inputValue()).toBe(TICKET);
    expect(await refunds()).toEqual([['OK', AMOUNT.accepted]]);
  }, 120_000);

  it('cannot be refunded otherwise while it is not known whether the first attempt was executed', async () => {
    await stage().pay('order-1', AMOUNT.accepted);
    const page = await opened(`payments/${await stage().idOf('order-1')}`, 'Refund');
    // Each answer is lost on its way; the gateway executes the first.
    await page.route('**/refund', async (route) => {
      await route.fetch();
      await route.abort();
    });
    await press(page, 'Refund 20.00 EUR');
    await dialog(page).getByRole('alert').getByText('not known whether it was executed').waitFor();
    expect(await reasonOf(page).inputValue()).toBe(TICKET);
    expect(await reasonOf(page).isDisabled()).toBe(true);
    await page.unroute('**/refund');
    await press(page, 'Refund 20.00 EUR');
    await dialog(page).getByRole('status').getByText('20.00 EUR was refunded').waitFor();
    expect(await refunds()).toEqual([['OK', AMOUNT.accepted]]);
  }, 120_000);

  it('that is canceled by two operators is canceled once', async () => {
    await stage().pay('order-1', AMOUNT.pending);
    const id = await stage().idOf('order-1');
    const page = await opened(`payments/${id}`, 'Cancel');
    expect((await stage().act(`payments/${id}/cancel`, { reason: 'I was faster' })).body).toMatchObject({
      result: 'OK',
    });
    await press(page, 'Cancel the payment');
    await dialog(page).getByRole('alert').getByText('Someone or something changed it meanwhile.').waitFor();
    await dialog(page).getByText('It was PENDING and is now FAILED.').waitFor();
    expect(await reasonOf(page).inputValue()).toBe(TICKET);
    expect(stage().external.cancellations).toHaveLength(1);
  }, 120_000);

  it('is reported to a reader too', async () => {
    await stage().pay('order-1', AMOUNT.cut);
    const id = await stage().idOf('order-1');
    const page = await stage().operator(KEYS.reader);
    await stage().open(`payments/${id}`);
    await page.getByText('Your scopes allow reading only.').waitFor();
    await stage().act(`payments/${id}/resolve`, { status: 'FAILED', reason: 'acme said so' });
    await page.getByRole('status').getByText('It was UNKNOWN and is now FAILED.').waitFor();
  }, 120_000);
});
