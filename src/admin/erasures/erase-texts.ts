import { sql, type UpdateQueryBuilder, type UpdateResult } from 'kysely';
import { callbackKey } from '../../callbacks/callback.table.js';
import { erasedJson } from '../../erasures/erased-json.js';
import type { Trx } from '../../persistence/store.js';

/** The rows whose texts are erased, all of one external. */
export interface ErasedSubjects {
  readonly external: string;
  readonly payments: readonly {
    readonly id: string;
    readonly external: string;
    readonly state: string;
    readonly payment_id: string | null;
  }[];
  readonly refunds: readonly {
    readonly id: string;
    readonly refund_id: string | null;
    readonly external_refund_id: string | null;
  }[];
  readonly subscriptions: readonly { readonly id: string; readonly token: string | null }[];
}

/** Stands for an operator's reason. */
const ERASED = 'erased';

/**
 * Empties all texts of the subjects in all tables but the audit, and records the subjects, so that later ones are not
 * stored. Returns how many rows lost one. A test looks for a text in every table afterwards.
 */
export async function eraseTexts(trx: Trx, subjects: ErasedSubjects, atMs: number): Promise<number> {
  const refs = [...subjects.payments, ...subjects.refunds, ...subjects.subscriptions].map(({ id }) => id);
  await trx
    .insertInto('erasures')
    .values(refs.map((subject_ref) => ({ subject_ref, at: atMs })))
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  return (
    (await changed(
      trx
        .updateTable('payments')
        .set({ checkout: null })
        .where('id', 'in', refs)
        .where('checkout', 'is not', null),
    )) +
    (await changed(
      trx
        .updateTable('status_queries')
        .set({ detail: null })
        .where('subject_ref', 'in', refs)
        .where('detail', 'is not', null),
    )) +
    (await eraseOperations(trx, refs)) +
    (await eraseReasons(trx, refs, subjects)) +
    (await eraseNotifications(trx, refs)) +
    (await eraseCallbacks(trx, subjects))
  );
}

async function changed(
  update: Pick<UpdateQueryBuilder<never, never, never, UpdateResult>, 'executeTakeFirst'>,
): Promise<number> {
  const result = await update.executeTakeFirst();
  return Number(result?.numUpdatedRows ?? 0);
}

/** Stored answers keep what a repeat needs: result and ids. Keys are kept until they expire. */
async function eraseOperations(trx: Trx, refs: readonly string[]): Promise<number> {
  const rows = await trx
    .selectFrom('operations')
    .select(['id', 'answer_body', 'key_held', 'idempotency_key'])
    .where((eb) =>
      eb.or([
        eb('payment_ref', 'in', refs),
        eb('refund_ref', 'in', refs),
        eb('subscription_ref', 'in', refs),
      ]),
    )
    .execute();
  let count = 0;
  for (const { id, answer_body, key_held, idempotency_key } of rows) {
    const body = answer_body === null ? null : erasedJson(answer_body);
    const key = key_held === 1 ? idempotency_key : id;
    if (body === answer_body && key === idempotency_key) continue;
    await trx
      .updateTable('operations')
      .set({ answer_body: body, idempotency_key: key })
      .where('id', '=', id)
      .execute();
    count += 1;
  }
  return count;
}

/** Operators' reasons, in the causes of events: the names of operators and the ids that they gave stay. */
async function eraseReasons(
  trx: Trx,
  refs: readonly string[],
  { payments }: ErasedSubjects,
): Promise<number> {
  const rows = await trx
    .selectFrom('ledger_events')
    .select(['id', 'payment_ref', 'cause'])
    .where((eb) =>
      eb.or([
        eb('payment_ref', 'in', refs),
        eb('refund_ref', 'in', refs),
        eb('subscription_ref', 'in', refs),
      ]),
    )
    .where('source', '=', 'operator')
    .execute();
  let count = 0;
  for (const { id, payment_ref, cause } of rows) {
    // The answer to a refund that an operator ordered has the operation as its cause.
    if (cause === null || !cause.includes(': ')) continue;
    const ownId = payments.find((payment) => payment.id === payment_ref)?.payment_id;
    const ends = ['as before', 'not known', ...(ownId ? [ownId] : [])].map((end) => `; paymentId ${end}`);
    const end = ends.find((each) => cause.endsWith(each)) ?? '';
    const erased = `${cause.slice(0, Math.max(0, cause.indexOf(': ')))}: ${ERASED}${end}`;
    if (erased === cause) continue;
    await trx.updateTable('ledger_events').set({ cause: erased }).where('id', '=', id).execute();
    count += 1;
  }
  return count;
}

async function eraseNotifications(trx: Trx, refs: readonly string[]): Promise<number> {
  const rows = await trx
    .selectFrom('notifications')
    .select(['id', 'payload'])
    .where('payment_ref', 'in', refs)
    .execute();
  if (rows.length === 0) return 0;
  let count = 0;
  for (const { id, payload } of rows) {
    const erased = erasedJson(payload);
    if (erased === payload) continue;
    await trx.updateTable('notifications').set({ payload: erased }).where('id', '=', id).execute();
    count += 1;
  }
  const attempts = trx
    .updateTable('notification_attempts')
    .set({ answer: null, error: null })
    .where(
      'notification_ref',
      'in',
      rows.map(({ id }) => id),
    )
    .where((eb) => eb.or([eb('answer', '<>', ''), eb('error', 'is not', null)]));
  return count + (await changed(attempts));
}

async function eraseCallbacks(
  trx: Trx,
  { external, payments, refunds, subscriptions }: ErasedSubjects,
): Promise<number> {
  const keys = [
    ...payments.map(({ payment_id }) => payment_id),
    ...refunds.flatMap(({ id, refund_id, external_refund_id }) =>
      [id, refund_id, external_refund_id].map((refundId) => refundId && callbackKey({ refundId })),
    ),
    ...subscriptions.map(({ token }) => token && callbackKey({ subscriptionToken: token })),
  ].filter((key) => typeof key === 'string');
  if (keys.length === 0) return 0;
  return changed(
    trx
      .updateTable('callbacks')
      .set({ body: null, last_error: null })
      .where('external', '=', external)
      .where('payment_id', 'in', keys)
      .where(sql<boolean>`(body is not null or last_error is not null)`),
  );
}
