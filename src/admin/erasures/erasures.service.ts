import { Injectable } from '@nestjs/common';
import { AuditLog } from '../../audit/audit.log.js';
import type { Operator } from '../../audit/operator.js';
import { invalid } from '../../http/request-parameters.js';
import { orderKey } from '../../payments/order-key.js';
import { forUpdate } from '../../persistence/dialect.js';
import { Store, type Trx } from '../../persistence/store.js';
import { Clock } from '../../shared/clock.js';
import { notFound } from '../admin-parameters.js';
import { conflict } from '../resolutions/operator.js';
import type { ErasureRecord, ErasureRequest } from './erasure-request.js';
import { type ErasedSubjects, eraseTexts } from './erase-texts.js';

const NAMES = ['paymentId', 'shopTransactionId', 'subscriptionToken'] as const;

/** Erases texts that may name a person (SPEC §10). Done again, it erases what is there then. */
@Injectable()
export class Erasures {
  constructor(
    private readonly store: Store,
    private readonly audit: AuditLog,
    private readonly clock: Clock,
  ) {}

  /** @throws Problem `validation-failed`, `not-found`, or `conflict` while an outcome is not known */
  erase(request: ErasureRequest, operator: Operator): Promise<ErasureRecord> {
    const named = NAMES.filter((name) => request[name] !== undefined);
    if (named.length !== 1) throw invalid('/body', `must have one of ${NAMES.join(', ')}, and only one`);
    return this.store.transaction(async (trx) => {
      const subjects = await this.#find(trx, request);
      await assertEnded(trx, subjects);
      const rows = await eraseTexts(trx, subjects, this.clock.now());
      const refs = [...subjects.payments, ...subjects.refunds, ...subjects.subscriptions].map(({ id }) => id);
      await this.audit.append(trx, operator, {
        subject: refs[0],
        external: subjects.external,
        change: refs.length === 1 ? 'texts erased' : `texts of ${refs.length} rows erased`,
        reason: request.reason,
      });
      return { subjects: refs, rows };
    });
  }

  /** Locks the payments: an operation about them begins before the erasure, or finds it. */
  async #find(
    trx: Trx,
    { paymentId, shopTransactionId, subscriptionToken, external }: ErasureRequest,
  ): Promise<ErasedSubjects> {
    let query = trx.selectFrom('payments').select(['id', 'external', 'state', 'payment_id']).orderBy('id');
    if (paymentId !== undefined) query = query.where('payment_id', '=', paymentId);
    else if (shopTransactionId !== undefined)
      query = query.where('shop_transaction_id', '=', orderKey(shopTransactionId));
    else query = query.where('subscription_token', '=', subscriptionToken!);
    if (external !== undefined) query = query.where('external', '=', external);
    const payments = await forUpdate(trx, query).execute();
    let ofToken = trx.selectFrom('subscriptions').select(['id', 'external', 'token']);
    if (subscriptionToken !== undefined) ofToken = ofToken.where('token', '=', subscriptionToken);
    else ofToken = ofToken.where('shop_transaction_id', '=', orderKey(shopTransactionId ?? ''));
    if (external !== undefined) ofToken = ofToken.where('external', '=', external);
    const subscriptions = paymentId === undefined ? await ofToken.execute() : [];
    const externals = [...new Set([...payments, ...subscriptions].map((row) => row.external))];
    if (externals[0] === undefined) throw notFound();
    if (externals.length > 1)
      throw invalid('/external', `is missing: ${externals.toSorted().join(', ')} have one of this id`);
    const refunds =
      payments.length === 0
        ? []
        : await trx
            .selectFrom('refunds')
            .select(['id', 'refund_id', 'external_refund_id'])
            .where(
              'payment_ref',
              'in',
              payments.map(({ id }) => id),
            )
            .where('external', '=', externals[0])
            .where(
              'payment_id',
              'in',
              payments.map(({ payment_id }) => payment_id ?? ''),
            )
            .execute();
    return { external: externals[0], payments, subscriptions, refunds };
  }
}

/** Refuses what may still be executed: its answer must reach the ledger as it comes. */
async function assertEnded(trx: Trx, { payments, refunds, subscriptions }: ErasedSubjects): Promise<void> {
  const unknown = payments.find(({ state }) => state === 'UNKNOWN' || state === 'CREATED');
  if (unknown)
    throw conflict(
      `The payment ${unknown.id} is ${unknown.state}: wait until its outcome is known, or resolve it.`,
    );
  for (const [column, rows] of [
    ['payment_ref', payments],
    ['refund_ref', refunds],
    ['subscription_ref', subscriptions],
  ] as const) {
    if (rows.length === 0) continue;
    const running = await trx
      .selectFrom('operations')
      .select('id')
      .where(
        column,
        'in',
        rows.map(({ id }) => id),
      )
      .where('state', 'in', ['running', 'unknown'])
      .limit(1)
      .executeTakeFirst();
    if (running)
      throw conflict(`The operation ${running.id} has no outcome yet: wait for its end, or resolve it.`);
  }
}
