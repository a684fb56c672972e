import type { Response } from 'express';
import type { Book } from './book.js';
import type { BookedPayment } from './records.js';
import { displayAmount } from './display-amount.js';
import { html, sendPage } from './html.js';
import type { Routes } from './http.js';
import type { Memory } from './memory.js';
import { oneOfField } from './request-fields.js';
import type { Settlement } from './settlement.js';
import { isPlaceholder } from './shop-page.js';

/** The page of `REDIRECT_TO_URL` and payment links: the payer approves or declines the payment. */
export function checkoutRoutes(book: Book, settlement: Settlement, memory: Memory): Routes {
  return {
    '/checkout/:paymentId': {
      get: ({ params }, response) => {
        const payment = book.payment(params.paymentId);
        if (payment) sendPayment(response, payment);
        else sendNotFound(response);
      },
      /** Redirects after the POST, so that a reload does not decide again. A second decision has no effect. */
      post: ({ params, body }, response) => {
        const payment = book.payment(params.paymentId);
        if (!payment) return sendNotFound(response);
        const decision = new URLSearchParams(String(body)).get('decision');
        const status =
          oneOfField(['approve', 'decline'])(decision, 'decision') === 'approve' ? 'ACCEPTED' : 'FAILED';
        if (payment.status === 'PENDING') settlement.settle(payment, status);
        memory.commit();
        response.redirect(303, shopUrlOf(payment));
      },
    },
  };
}

/** Where the payer returns to; relative to the checkout page for the simulator's own shop. */
function shopUrlOf({ status, paymentId, successRedirectUrl, failureRedirectUrl }: BookedPayment): string {
  const approved = status === 'ACCEPTED';
  const url = approved ? successRedirectUrl : failureRedirectUrl;
  if (url !== undefined && !isPlaceholder(url)) return new URL(url).href;
  return `../shop/${approved ? 'success' : 'failure'}?${new URLSearchParams({ paymentId }).toString()}`;
}

/** The page to decide on a pending payment; the result of any other. */
function sendPayment(response: Response, payment: BookedPayment): void {
  const { status, amount, currency, shopTransactionId, paymentId } = payment;
  const pending = status === 'PENDING';
  const title = pending
    ? 'Approve this payment?'
    : `Payment ${status === 'ACCEPTED' ? 'approved' : 'declined'}`;
  const choice = html`<form method="post">
    <button class="go" name="decision" value="approve">Approve</button>
    <button class="stop" name="decision" value="decline">Decline</button>
  </form>`;
  sendPage(response, {
    title,
    layout: 'card',
    ...(pending && { formTargets: ["'self'", ...originsOf(payment)] }),
    content: html`<section>
        <h1>${title}</h1>
        <p class="sum">${displayAmount(amount, currency)}</p>
        <dl>
          <div>
            <dt>Order</dt>
            <dd>${shopTransactionId}</dd>
          </div>
          <div>
            <dt>Payment</dt>
            <dd><code>${paymentId}</code></dd>
          </div>
        </dl>
        ${pending ? choice : html`<p><a href="${shopUrlOf(payment)}">Return to the shop</a></p>`}
      </section>
      <p class="dim note">Tollgate simulator: no money moves.</p>`,
  });
}

function sendNotFound(response: Response): void {
  const content = html`<section>
    <h1>Payment not found</h1>
    <p>The simulator has forgotten it, or never had it: it may have restarted since this link was created.</p>
  </section>`;
  sendPage(response, { status: 404, title: 'Payment not found', layout: 'card', content });
}

/** CSP `form-action` applies to redirects too. Hosts with characters of its syntax are left out; apps have schemes. */
function originsOf({ successRedirectUrl, failureRedirectUrl }: BookedPayment): string[] {
  const origins = [successRedirectUrl, failureRedirectUrl]
    .filter((url) => url !== undefined)
    .filter((url) => !isPlaceholder(url))
    .map((url) => new URL(url))
    .map(({ origin, protocol }) => (origin === 'null' ? protocol : origin));
  return [...new Set(origins)].filter((origin) =>
    /^(?:https?:\/\/[a-z0-9.:[\]-]+|[a-z][a-z0-9+.-]*:)$/.test(origin),
  );
}
