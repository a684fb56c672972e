import { Injectable } from '@nestjs/common';
import { Problem } from '../problems/problem.js';
import { StorageUnavailable, Store, type Trx } from '../persistence/store.js';
import { ReceiverRegistry } from '../notifications/receiver.registry.js';
import { Fingerprints } from '../operations/fingerprint.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { NO_SECRETS } from '../sensitive/secret-mask.js';
import { PaymentRepository } from '../payments/payment.repository.js';
import { RefundRepository } from '../refunds/refund.repository.js';
import { REPLAYABLE_MS } from '../security/remembered-callbacks.js';
import { SecurityMetrics } from '../security/security.metrics.js';
import { SubscriptionRepository } from '../subscriptions/subscription.repository.js';
import { Clock } from '../shared/clock.js';
import { newIdentifier } from '../shared/identifier.js';
import { storableText } from '../persistence/storable-text.js';
import type { SignedCallback } from '../http/request-context.js';
import type { CallbackMessage, CallbackNames } from './callback-message.js';
import { CallbackRepository, type ProcessedMessage } from './callback.repository.js';
import { callbackKey } from './callback.table.js';
import { UnknownPaymentLimit } from './unknown-payment.limit.js';

/** Which external sent a callback, and its trace. */
export interface CallbackOrigin {
  readonly external: string;
  readonly requestId: string;
  readonly traceparent: string;
  /** Whether the external sent that `traceparent`. */
  readonly continued: boolean;
  /** The external offers `refund/status`: a refund beside a payment is worth a query of its own. */
  readonly queriesRefunds?: boolean;
  /** The external offers `subscription/status`, likewise. */
  readonly queriesSubscriptions?: boolean;
  /** Of a signed callback: identifies it when it is received again. */
  readonly signed?: SignedCallback | undefined;
  /** The sender's network, where the external's callbacks need neither credentials nor an address of a list. */
  readonly anyoneFrom?: string | undefined;
}

/** The answer to the external (SPEC §1): what the callback named. */
export interface CallbackReceipt extends CallbackNames {
  readonly received: true;
}

export interface ReceivedCallback {
  readonly receipt: CallbackReceipt;
  /** The payment's trace, where the external sent none and the payment is known: one trace covers all of a payment. */
  readonly paymentTraceparent: string | undefined;
  /** Another message had its `webhook-id`. */
  readonly isIdReused: boolean;
}

interface Insertion {
  readonly kind: 'new' | 'id-reused' | 'repeated';
  readonly paymentTraceparent?: string | undefined;
}

/**
 * Externals send the same callback several times at once. The first waits until no other has arrived for this long,
 * so that all are merged: one status query, one notification.
 */
const QUIET_MS = 100;
/** The longest that a callback waits for repeats. */
const GATHERING_MS = 1_000;
/** Node's timers may fire a little early. */
const TIMER_MARGIN_MS = 5;
const RETRY_AFTER_MS = 1_000;
const MAX_BODY_BYTES = 16_384;
/** A card number may cross the end of the stored part: it is masked before the text is cut. */
const MASKED_CHARACTERS = MAX_BODY_BYTES + 256;
/** So may a secret, in an encoding that is several times as long. */
const SEARCHED_CHARACTERS = 2 * MAX_BODY_BYTES;
/** A digit escaped by JSON (`\u0034`) or a form (`%34`); any other JSON escape is skipped as a whole. */
const ESCAPED_DIGIT = /\\(?:u003(\d)|[\s\S])|%3(\d)/g;

/** Receives callbacks: each is stored before it is acknowledged; the external is queried later (SPEC §2). */
@Injectable()
export class CallbackInbox {
  constructor(
    private readonly store: Store,
    private readonly callbacks: CallbackRepository,
    private readonly payments: PaymentRepository,
    private readonly refunds: RefundRepository,
    private readonly subscriptions: SubscriptionRepository,
    private readonly clock: Clock,
    private readonly securityMetrics: SecurityMetrics,
    private readonly unknownPayments: UnknownPaymentLimit,
    private readonly fingerprints: Fingerprints,
    private readonly externals: ExternalProviderRegistry,
    private readonly receivers: ReceiverRegistry,
  ) {}

  /**
   * A signed callback that any replica has received before is acknowledged again and has no effect. Throws
   * `storage-unavailable` if it could not be stored: the external sends it again; and `rate-limited` for too many
   * from anyone about payments and refunds that the ledger does not know. `onStored` runs in the transaction that stores
   * it.
   */
  async receive(
    message: CallbackMessage,
    origin: CallbackOrigin,
    onStored?: (trx: Trx) => Promise<void>,
  ): Promise<ReceivedCallback> {
    const { kind, paymentTraceparent } = await this.#insert(message, origin, onStored);
    if (kind === 'repeated') this.securityMetrics.countCallbackRefusal(origin.external, 'replayed');
    else setTimeout(() => this.store.wakeWorker('callbacks'), QUIET_MS + TIMER_MARGIN_MS).unref();
    const isIdReused = kind === 'id-reused';
    if (isIdReused) this.securityMetrics.countReusedCallbackId(origin.external);
    const { paymentId, refundId, subscriptionToken } = message;
    const receipt = {
      received: true,
      ...(paymentId !== undefined && { paymentId }),
      ...(refundId !== undefined && { refundId }),
      ...(subscriptionToken !== undefined && { subscriptionToken }),
    } as const;
    return { receipt, paymentTraceparent, isIdReused };
  }

  async #insert(
    { method, paymentId, refundId, subscriptionToken, body }: CallbackMessage,
    {
      external,
      requestId,
      traceparent,
      continued,
      signed,
      anyoneFrom,
      queriesRefunds,
      queriesSubscriptions,
    }: CallbackOrigin,
    onStored?: (trx: Trx) => Promise<void>,
  ): Promise<Insertion> {
    const now = this.clock.now();
    const validity = { nowMs: now, untilMs: now + REPLAYABLE_MS };
    const message = signed && this.#processed(signed);
    try {
      return await this.store.transaction(async (trx) => {
        const kind = message ? await this.callbacks.recordProcessed(trx, message, validity) : 'new';
        if (kind === 'repeated') return { kind };
        const payment =
          paymentId === undefined || (continued && anyoneFrom === undefined)
            ? undefined
            : await this.payments.traceOf(trx, external, paymentId);
        const ofRefund = refundId !== undefined && (paymentId === undefined || queriesRefunds === true);
        const ofSubscription =
          subscriptionToken !== undefined &&
          ((paymentId === undefined && refundId === undefined) || queriesSubscriptions === true);
        const isKnown = async (): Promise<boolean> =>
          payment !== undefined ||
          (await this.#knowsRefund(trx, external, refundId)) ||
          (await this.#knowsSubscription(trx, external, subscriptionToken));
        if (anyoneFrom !== undefined && !(await isKnown()))
          await this.unknownPayments.admit(trx, external, anyoneFrom);
        const ofPayment = continued ? undefined : (payment?.traceparent ?? undefined);
        const subjects = [
          ...(paymentId === undefined ? [] : [{ payment_id: paymentId, refund_id: null }]),
          ...(ofRefund ? [{ payment_id: callbackKey({ refundId }), refund_id: refundId }] : []),
          ...(ofSubscription
            ? [
                {
                  payment_id: callbackKey({ subscriptionToken }),
                  refund_id: null,
                  subscription_token: subscriptionToken,
                },
              ]
            : []),
        ];
        for (const subject of subjects)
          await this.callbacks.insertOrMerge(
            trx,
            {
              id: newIdentifier('cbk', now),
              external,
              ...subject,
              state: 'PENDING',
              method,
              body: body === null ? null : keptText(this.#withoutSecrets(body, external)),
              received_at: now,
              repeats: 0,
              last_received_at: now,
              again: 0,
              attempts: 0,
              next_attempt_at: now + QUIET_MS,
              lease_token: null,
              lease_until: null,
              finished_at: null,
              shop_transaction_id: null,
              last_error: null,
              request_id: requestId,
              traceparent: ofPayment ?? traceparent,
            },
            GATHERING_MS,
          );
        await onStored?.(trx);
        return { kind, paymentTraceparent: ofPayment };
      });
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error;
      throw new Problem('storage-unavailable', 'The callback could not be stored: send it again.', {
        retryAfterMs: RETRY_AFTER_MS,
        cause: error,
      });
    }
  }

  async #knowsRefund(trx: Trx, external: string, refundId: string | undefined): Promise<boolean> {
    return (
      refundId !== undefined && (await this.refunds.findByRefundId(trx, external, refundId)) !== undefined
    );
  }

  async #knowsSubscription(trx: Trx, external: string, token: string | undefined): Promise<boolean> {
    return token !== undefined && (await this.subscriptions.findByToken(trx, external, token)) !== undefined;
  }

  /** Keyed: a body may hold a card number, which could be guessed by its digest. */
  #processed({ key, digest }: SignedCallback): ProcessedMessage {
    const identity = { callback: digest };
    const { fingerprints } = this;
    return { key, digest: fingerprints.of(identity), byOtherKeys: fingerprints.byOtherKeys(identity) };
  }

  /** The beginning of the body, without what the gateway shares with the external and with receivers. */
  #withoutSecrets(body: string, external: string): string {
    const ofExternal = this.externals.get(external)?.secrets() ?? NO_SECRETS;
    return this.receivers.secrets().mask(ofExternal.mask(body.slice(0, SEARCHED_CHARACTERS)));
  }
}

/** The body unchanged, unless it holds a card number: that is masked, however its digits are escaped. */
function keptText(body: string): string {
  const plain = body
    .replace(ESCAPED_DIGIT, (escape: string, json?: string, form?: string) => json ?? form ?? escape)
    .slice(0, MASKED_CHARACTERS);
  const masked = maskCardNumbers(plain);
  const kept = masked === plain ? body.slice(0, MASKED_CHARACTERS) : masked;
  return storableText(kept, MAX_BODY_BYTES);
}
