import { Injectable } from '@nestjs/common';
import { isOffered } from '../config/external-operation.js';
import { LedgerRestore, type Recovery } from '../operations/ledger.restore.js';
import type { OperationRequest } from '../operations/operation.js';
import { Store } from '../persistence/store.js';
import { DuplicatePaymentProblem } from './duplicate-payment.js';
import { orderKey } from './order-key.js';
import { PaymentInquiry } from './payment.inquiry.js';
import { type DuplicatePayment, PaymentRepository } from './payment.repository.js';
import type { PaymentFields } from './payment-requests.js';

/** Queries externals about orders of which a restored ledger does not know a payment (SPEC §10). */
@Injectable()
export class OrderRecovery {
  constructor(
    private readonly store: Store,
    private readonly payments: PaymentRepository,
    private readonly inquiry: PaymentInquiry,
    private readonly restore: LedgerRestore,
  ) {}

  /**
   * Adds the payment of the order that the external has to the ledger.
   * @throws Problem `duplicate-payment` if there is one, `recovering` if that is not certain
   */
  async assertNotPaid(
    { provider, input: { shopTransactionId }, context }: OperationRequest<PaymentFields>,
    recovery: Recovery,
  ): Promise<void> {
    const { config } = provider;
    const refusal = (detail: string) => this.restore.refusal(config.name, recovery, detail);
    const known = await this.#find(config.name, shopTransactionId);
    if (known) {
      // The ledger refuses it as ever, unless the order may have several.
      if (config.duplicatePayments === 'refuse') return;
      throw refusal('This order has a payment, and the gateway cannot know how many were made since.');
    }
    if (!config.statusByShopTransactionId)
      throw refusal('The external cannot be queried about an order that the gateway does not know.');
    // Before the query: only an answer to a later one says that the order will not arrive any more.
    const mayBeInFlight = this.restore.mayBeInFlight(recovery);
    const outcome = await this.inquiry.inquire(provider, { shopTransactionId }, context, {
      source: 'check',
      by: 'recovery',
      notify: 'on-change',
      cause: context.requestId,
      order: { shop_transaction_id: orderKey(shopTransactionId) },
    });
    const isNeverSeen = outcome.kind === 'rejected' && outcome.reason === 'not-found';
    if (outcome.kind !== 'completed' && !isNeverSeen)
      throw refusal(`The external did not answer about this order. ${outcome.detail}`);
    const adopted = isNeverSeen ? undefined : await this.#find(config.name, shopTransactionId);
    if (adopted) {
      this.restore.decided(config.name, 'adopted');
      throw new DuplicatePaymentProblem(adopted, {
        outcome: 'not-executed',
        isOwn: false,
        offersCancel: isOffered(config, 'cancel'),
      });
    }
    if (mayBeInFlight)
      throw refusal('The external does not know this order, but an earlier request may still reach it.');
  }

  #find(external: string, shopTransactionId: string): Promise<DuplicatePayment | undefined> {
    return this.store.read((db) => this.payments.findDuplicate(db, external, shopTransactionId));
  }
}
