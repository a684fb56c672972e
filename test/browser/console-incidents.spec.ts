import { describe, expect, it } from '@jest/globals';
import type { Page } from 'playwright-core';
import { missingForConsole } from '../support/console-browser.js';
import { AMOUNT, CUT_REFUND } from '../support/console-external.js';
import { KEYS, useConsole } from '../support/console-stage.js';
import { until } from '../support/until.js';

/** Five incidents, each found and settled in a browser from a cold start, without curl. */

const missing = missingForConsole();
if (missing !== undefined) process.stderr.write(`SKIPPED: the console in a browser: ${missing}\n`);

(missing === undefined ? describe : describe.skip)('incidents in the console', () => {
  const stage = useConsole({
    config: {
      circuitBreaker: { failures: 3, windowMs: 60_000, openMs: 1_000 },
      operations: { cancel: true },
    },
  });
  let page: Page;
  let startedAtMs: number;

  async function operator(key: string = KEYS.boss): Promise<void> {
    startedAtMs = performance.now();
    page = await stage().operator(key);
  }

  /** The card of an item of attention. */
  const card = (name: string) => page.getByRole('article', { name });
  const button = (name: string | RegExp) => page.getByRole('dialog').getByRole('button', { name });

  /** What came of an act, as the dialog says it. */
  async function result(): Promise<string> {
    const text = await page.getByRole('dialog').getByRole('status').innerText();
    const seconds = ((performance.now() - startedAtMs) / 1_000).toFixed(1);
    process.stderr.write(
      `${expect.getState().currentTestName}: ${stage().tab.clicks()} clicks, ${seconds} s\n`,
    );
    await button('Done').click();
    return text;
  }

  async function record(outcome: RegExp, paymentId?: string, confirm = 'Record it for ever'): Promise<void> {
    await page.getByRole('radio', { name: outcome }).check();
    if (paymentId !== undefined) await page.getByRole('textbox', { name: /paymentId/ }).fill(paymentId);
    await page.getByRole('textbox', { name: 'Reason' }).fill('acme confirmed it, ticket 4711');
    await button(confirm).click();
  }

  it('unknown payment', async () => {
    await stage().pay('order-unknown', AMOUNT.cut);
    await stage().attention('payment-unknown');
    await operator();
    await card('Payment of unknown outcome: order-unknown')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    await record(/It was paid/, 'pm_1');
    expect(await result()).toContain('The state is now ACCEPTED');
    await page.getByRole('heading', { name: 'Payment of unknown outcome' }).waitFor({ state: 'detached' });
    expect(await stage().items('payments?shopTransactionId=order-unknown')).toMatchObject([
      { state: 'ACCEPTED', paymentId: 'pm_1' },
    ]);
  }, 60_000);

  it('parked payment', async () => {
    await stage().pay('order-parked', AMOUNT.pending);
    await stage().attention('payment-parked');
    stage().external.decide();
    await operator();
    await card('Payment parked: order-parked')
      .getByRole('button', { name: /^Check now/ })
      .click();
    await button('Query the external').click();
    expect(await result()).toContain('was PENDING and is now ACCEPTED');
    expect(await stage().items('attention?kind=payment-parked')).toEqual([]);
  }, 60_000);

  it('dead notification', async () => {
    // The answer of the call is no news to the receiver; a later state is.
    stage().external.decide();
    await stage().pay('order-dead', AMOUNT.pending);
    await stage().attention('notification-dead');
    stage().external.receiverIsDown = false;
    await operator();
    await card('Notification dead: order-dead')
      .getByText(/Last answer of the receiver: 503/)
      .waitFor();
    await card('Notification dead: order-dead')
      .getByRole('button', { name: /^Send again/ })
      .click();
    await button('Send again').click();
    expect(await result()).toContain('queued');
    const delivered = () => stage().items('notifications?state=DELIVERED');
    await until(async () => (await delivered()).length > 0, 'the delivery');
  }, 60_000);

  it('open circuit', async () => {
    stage().external.isDown = true;
    for (const order of ['one', 'two', 'three']) await stage().pay(order, AMOUNT.accepted);
    await operator();
    const acme = page.getByRole('article', { name: 'acme', exact: true });
    expect(await acme.innerText()).toMatch(/Circuit open|Probing/);
    expect(await acme.innerText()).toContain('cut-off');
    stage().external.isDown = false;
    while ((await stage().pay('four', AMOUNT.accepted))['result'] !== 'OK') await new Promise(setImmediate);
    await acme.getByText('Working').waitFor();
    process.stderr.write(`open circuit: ${stage().tab.clicks()} clicks\n`);
  }, 60_000);

  it('refund in doubt', async () => {
    const { paymentId } = await stage().pay('order-refunded', AMOUNT.accepted);
    await stage().post('refund', { paymentId, amount: CUT_REFUND });
    await stage().attention('refund-stuck');
    await operator();
    const refundCard = card('Refund in doubt: order-refunded');
    // An operator knows the order, and reads the refund in the story of its payment.
    const href = await refundCard.getByRole('link', { name: 'Open order-refunded' }).getAttribute('href');
    expect(href).toBe(`#/payments/${await stage().idOf('order-refunded')}`);
    await refundCard.getByRole('button', { name: /^Record the outcome/ }).click();
    await record(/It was refunded/);
    expect(await result()).toContain('The state is now OK');
    const [refund] = await stage().items('refunds');
    expect(refund).toMatchObject({ state: 'OK', amount: CUT_REFUND });
    await stage().open(`payments/${String(refund!['payment'])}`);
    await page.getByRole('button', { name: /^Correct the record/ }).click();
    await page.getByText('It replaces what was recorded before').waitFor();
    await record(/It was not refunded/, undefined, 'Correct it for ever');
    expect(await result()).toContain('The state is now KO');
    expect(await stage().items('refunds')).toMatchObject([{ state: 'KO' }]);
  }, 60_000);

  it('executes a refund once, however often the button is pressed', async () => {
    await stage().pay('order-double', AMOUNT.accepted);
    const id = await stage().idOf('order-double');
    await operator();
    await stage().open(`payments/${id}`);
    await page.getByRole('button', { name: 'Refund', exact: true }).click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('ticket 4711');
    let cut = true;
    await page.route('**/refund', async (route) => {
      // The gateway executes it; the answer is lost on its way.
      const response = await route.fetch();
      if (cut) {
        cut = false;
        await route.fulfill({ status: 502, body: 'a proxy' });
      } else await route.fulfill({ response });
    });
    await button('Refund 20.00 EUR').click();
    const said = page.getByRole('dialog').getByRole('status').or(page.getByRole('dialog').getByRole('alert'));
    await said.first().waitFor();
    if (await button('Refund 20.00 EUR').isVisible()) await button('Refund 20.00 EUR').click();
    expect(await result()).toContain('20.00 EUR was refunded');
    expect(await stage().items('refunds')).toMatchObject([{ state: 'OK', amount: AMOUNT.accepted }]);
  }, 60_000);

  it('tells the second of two operators who settle the same one, who may correct the first', async () => {
    await stage().pay('order-both', AMOUNT.cut);
    await stage().attention('payment-unknown');
    await operator();
    await card('Payment of unknown outcome: order-both')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    const other = await stage().act(`payments/${await stage().idOf('order-both')}/resolve`, {
      status: 'ACCEPTED',
      paymentId: 'pm_1',
      reason: 'I was faster',
    });
    expect(other.status).toBe(200);
    await record(/It was not paid/);
    await page.getByRole('dialog').getByRole('alert').first().waitFor();
    // What was typed is still there, and nothing was done twice.
    expect(await page.getByRole('textbox', { name: 'Reason' }).inputValue()).toContain('ticket 4711');
    expect(await stage().items('payments?shopTransactionId=order-both')).toMatchObject([
      { state: 'ACCEPTED' },
    ]);
    await page.getByText('The payment was resolved as ACCEPTED').waitFor();
    await button('Correct it for ever').click();
    expect(await result()).toContain('The state is now FAILED');
  }, 60_000);

  it('offers a reader no act', async () => {
    await stage().pay('order-parked', AMOUNT.pending);
    await stage().attention('payment-parked');
    await operator(KEYS.reader);
    await card('Payment parked: order-parked').waitFor();
    expect(await page.getByRole('button', { name: /Check now|Record the outcome/ }).count()).toBe(0);
    expect(await page.getByText('Your scopes allow reading only.').count()).toBe(1);
  }, 60_000);

  it('says once why an operator who may not settle is offered no refund and no resolution', async () => {
    const why = 'Your scopes do not allow refunds, cancellations and resolutions (admin-settle).';
    const { paymentId } = await stage().pay('order-1', AMOUNT.accepted);
    await stage().post('refund', { paymentId, amount: CUT_REFUND });
    await stage().attention('refund-stuck');
    await operator(KEYS.support);
    await card('Refund in doubt: order-1').waitFor();
    const [refund] = await stage().items('refunds');
    for (const path of [
      '',
      `payments/${await stage().idOf('order-1')}`,
      `refunds?item=${String(refund!['id'])}`,
    ]) {
      await stage().open(path);
      await page.getByText(why).waitFor();
      expect([path, await page.getByText(why).count()]).toEqual([path, 1]);
      expect(await page.getByRole('button', { name: /^(Refund|Record the outcome)/ }).count()).toBe(0);
    }
    await stage().open(`payments/${await stage().idOf('order-1')}`);
    await page.getByRole('button', { name: 'Check now' }).waitFor();
    await stage().open('notifications');
    expect(await page.getByText(why).count()).toBe(0);
  }, 60_000);

  it('keeps what was typed when the session ends', async () => {
    await stage().pay('order-typed', AMOUNT.cut);
    await stage().attention('payment-unknown');
    await operator();
    await card('Payment of unknown outcome: order-typed')
      .getByRole('button', { name: /^Record the outcome/ })
      .click();
    await page.getByRole('textbox', { name: 'Reason' }).fill('a long reason');
    await page.route('**/admin/**', (route) => route.fulfill({ status: 401, body: '{}' }));
    await page.getByText('Your session has ended').waitFor();
    await page.unroute('**/admin/**');
    await page.getByRole('textbox', { name: 'API key' }).fill(KEYS.boss);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText('Your session has ended').waitFor({ state: 'hidden' });
    expect(await page.getByRole('textbox', { name: 'Reason' }).inputValue()).toBe('a long reason');
  }, 60_000);
});
