import type { Book, BookedPayment } from './book.js';
import { html, page, type Html } from './html.js';
import type { Call, Reply, Routes } from './http-server.js';
import { RequestError } from './request-error.js';
import type { Settlement } from './settlement.js';

/** The page of `REDIRECT_TO_URL` and payment links: the payer approves or declines the payment. */
export class CheckoutPage {
  constructor(
    private readonly book: Book,
    private readonly settlement: Settlement,
  ) {}

  routes(): Routes {
    return {
      'GET /checkout/:': ({ parameter }) => this.#show(parameter),
      'POST /checkout/:': (call) => this.#decide(call),
    };
  }

  #show(paymentId: string): Reply {
    const payment = this.book.payments.get(paymentId);
    if (!payment) return unknownPage();
    return payment.status === 'PENDING' ? decisionPage(payment) : resultPage(payment);
  }

  /** Redirects after the POST, so that a reload does not decide again. A second decision has no effect. */
  #decide({ parameter, body }: Call): Reply {
    const payment = this.book.payments.get(parameter);
    if (!payment) return unknownPage();
    const decision = new URLSearchParams(body.toString()).get('decision');
    if (decision !== 'approve' && decision !== 'decline') {
      throw new RequestError(422, 'decision must be approve or decline.');
    }
    if (payment.status === 'PENDING') {
      this.settlement.settle(payment, decision === 'approve' ? 'ACCEPTED' : 'FAILED');
    }
    const shopUrl = payment.status === 'ACCEPTED' ? payment.successRedirectUrl : payment.failureRedirectUrl;
    const location = shopUrl ? new URL(shopUrl).href : `/checkout/${encodeURIComponent(parameter)}`;
    return { status: 303, contentType: 'text/plain', body: '', headers: { location } };
  }
}

/** Formats minor units: 1299 of EUR is `12.99 EUR`. */
export function displayAmount(amount: number, currency: string): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency });
  const digits = format.resolvedOptions().maximumFractionDigits ?? 0;
  const padded = String(amount).padStart(digits + 1, '0');
  const whole = padded.slice(0, padded.length - digits).replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return digits === 0 ? `${whole} ${currency}` : `${whole}.${padded.slice(-digits)} ${currency}`;
}

function decisionPage(payment: BookedPayment): Reply {
  return page({
    title: 'Approve this payment?',
    layout: 'card',
    formTargets: ["'self'", ...originsOf(payment)],
    content: html`<section>
        <h1>Approve this payment?</h1>
        ${summary(payment)}
        <form method="post">
          <button class="go" name="decision" value="approve">Approve</button>
          <button class="stop" name="decision" value="decline">Decline</button>
        </form>
      </section>
      ${SIMULATED}`,
  });
}

function resultPage(payment: BookedPayment): Reply {
  const title = payment.status === 'ACCEPTED' ? 'Payment approved' : 'Payment declined';
  return page({
    title,
    layout: 'card',
    content: html`<section>
        <h1>${title}</h1>
        ${summary(payment)}
        <p class="dim">You can close this page.</p>
      </section>
      ${SIMULATED}`,
  });
}

function unknownPage(): Reply {
  const content = html`<section>
    <h1>Payment not found</h1>
    <p>The simulator keeps payments in memory. It may have restarted since this link was created.</p>
  </section>`;
  return page({ status: 404, title: 'Payment not found', layout: 'card', content });
}

const SIMULATED = html`<p class="dim note">Tollgate simulator: no money moves.</p>`;

function summary({ amount, currency, shopTransactionId, paymentId }: BookedPayment): Html {
  return html`<p class="sum">${displayAmount(amount, currency)}</p>
    <dl>
      <div>
        <dt>Order</dt>
        <dd>${shopTransactionId}</dd>
      </div>
      <div>
        <dt>Payment</dt>
        <dd><code>${paymentId}</code></dd>
      </div>
    </dl>`;
}

/** CSP `form-action` applies to redirects too. Hosts with characters of its syntax are left out. */
function originsOf({ successRedirectUrl, failureRedirectUrl }: BookedPayment): string[] {
  return [successRedirectUrl, failureRedirectUrl]
    .filter((url) => url !== undefined)
    .map((url) => new URL(url).origin)
    .filter(
      (origin, index, all) => /^https?:\/\/[a-z0-9.:[\]-]+$/.test(origin) && all.indexOf(origin) === index,
    );
}
