import type {
  CancelAnswer,
  CancelRequest,
  PayAnswer,
  PayByLinkAnswer,
  PaymentReference,
  PaymentStatus,
  PayRequest,
  RefundAnswer,
  RefundRequest,
  RefundStatus,
  SubscriptionChargeAnswer,
  SubscriptionExpireAnswer,
  SubscriptionPayAnswer,
  SubscriptionPayRequest,
  SubscriptionStartRequest,
  SubscriptionStatus,
  SubscriptionUpdateAnswer,
  SubscriptionUpdateRequest,
} from './contract.js';
import { type EndedPayment, waitForPayment, type WaitOptions } from './payment-wait.js';
import type { CallOptions, OperationOptions, Transport } from './transport.js';

/**
 * The operations of one external, `/v3/{external}/…`. Every method throws a `TollgateError` where Tollgate refuses or
 * cannot say what happened; a decline is an answer with `result: 'KO'`.
 */
export class External {
  readonly #transport: Transport;
  readonly #path: string;

  constructor(
    transport: Transport,
    /** The `{external}` name. */
    readonly name: string,
  ) {
    this.#transport = transport;
    this.#path = `/v3/${encodeURIComponent(name)}`;
  }

  /** Creates a payment. `amount` is in minor units: EUR 12.99 is 1299. */
  pay(request: PayRequest, options?: OperationOptions): Promise<PayAnswer> {
    return this.#post('/pay', request, options);
  }

  /** Creates a payment link. */
  payByLink(request: PayRequest, options?: OperationOptions): Promise<PayByLinkAnswer> {
    return this.#post('/pay-by-link', request, options);
  }

  /** Refunds a payment, whole or in part. */
  refund(request: RefundRequest, options?: OperationOptions): Promise<RefundAnswer> {
    return this.#post('/refund', request, options);
  }

  /** Retrieves the status of a refund. `paymentId`, if given, must be that of the refund. */
  refundStatus(
    refund: { refundId: string; paymentId?: string },
    options?: CallOptions,
  ): Promise<RefundStatus> {
    return this.#get('/refund/status', refund, options);
  }

  /** Cancels a payment that is pending. */
  cancel(request: CancelRequest, options?: OperationOptions): Promise<CancelAnswer> {
    return this.#post('/cancel', request, options);
  }

  /** Retrieves the status of a payment, by its id or by that of the order. */
  status(payment: PaymentReference, options?: CallOptions): Promise<PaymentStatus> {
    return this.#get('/status', payment, options);
  }

  /** Retrieves the status of a payment, and queues a notification of it to the receiver. */
  check(payment: PaymentReference, options?: CallOptions): Promise<PaymentStatus> {
    return this.#get('/check', payment, options);
  }

  /**
   * Polls the status of a payment until it is no longer PENDING, or `signal` is aborted. A string is a `paymentId`.
   * FAILED is not for ever: a late success is possible and is notified.
   */
  waitForPayment(payment: string | PaymentReference, options?: WaitOptions): Promise<EndedPayment> {
    const reference = typeof payment === 'string' ? { paymentId: payment } : payment;
    return waitForPayment((signal) => this.status(reference, { signal }), this.#transport.sleep, options);
  }

  /** Schedules a subscription whose first payment is made later. */
  scheduleSubscription(
    request: SubscriptionStartRequest,
    options?: OperationOptions,
  ): Promise<SubscriptionPayAnswer> {
    return this.#post('/subscription/schedule', request, options);
  }

  /** Starts a subscription with a payment. */
  startSubscription(
    request: SubscriptionStartRequest,
    options?: OperationOptions,
  ): Promise<SubscriptionPayAnswer> {
    return this.#post('/subscription/start', request, options);
  }

  /** Creates a payment of a subscription. */
  paySubscription(
    request: SubscriptionPayRequest,
    options?: OperationOptions,
  ): Promise<SubscriptionChargeAnswer> {
    return this.#post('/subscription/pay', request, options);
  }

  /** Changes a subscription. */
  updateSubscription(
    subscriptionToken: string,
    request: SubscriptionUpdateRequest,
    options?: OperationOptions,
  ): Promise<SubscriptionUpdateAnswer> {
    return this.#post(`/subscription/update/${encodeURIComponent(subscriptionToken)}`, request, options);
  }

  /** Retrieves the status of a subscription. */
  subscriptionStatus(subscriptionToken: string, options?: CallOptions): Promise<SubscriptionStatus> {
    return this.#get(`/subscription/status/${encodeURIComponent(subscriptionToken)}`, undefined, options);
  }

  /** Ends a subscription. */
  expireSubscription(
    subscriptionToken: string,
    options?: OperationOptions,
  ): Promise<SubscriptionExpireAnswer> {
    const path = `${this.#path}/subscription/expire/${encodeURIComponent(subscriptionToken)}`;
    const request = { ...options, method: 'DELETE', path, member: 'result' } as const;
    return this.#transport.send(request) as Promise<SubscriptionExpireAnswer>;
  }

  #get<Answer>(path: string, query: object | undefined, options: CallOptions | undefined): Promise<Answer> {
    return this.#transport.send({
      ...options,
      method: 'GET',
      path: this.#path + path,
      query,
      // Not `status`: a page of a proxy may have one.
      member: 'providerName',
    }) as Promise<Answer>;
  }

  #post<Answer>(path: string, body: object, options: OperationOptions | undefined): Promise<Answer> {
    return this.#transport.send({
      ...options,
      method: 'POST',
      path: this.#path + path,
      body,
      member: 'result',
    }) as Promise<Answer>;
  }
}
