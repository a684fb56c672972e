import { sql } from 'kysely';

/**
 * SQL about an ACCEPTED payment whose order may have a second one (SPEC §4). Payments that the duplicate guard admitted
 * one after the other cannot both be accepted, so only the rare rows of the index `payments_unguarded_acceptance` are
 * examined. A payment that is refunded whole no longer counts; the amount of an unsolicited one is not known.
 */
const SECOND = sql`from payments as second
  where second.shop_transaction_id = payments.shop_transaction_id and second.external = payments.external
    and second.id <> payments.id and second.state = 'ACCEPTED'
    and (second.refunded_minor = 0 or second.refunded_minor < second.amount_minor)`;

const UNGUARDED = sql`unguarded_acceptance = 1 and state = 'ACCEPTED'
  and (refunded_minor = 0 or refunded_minor < amount_minor)`;

export const PAID_TWICE = sql<boolean>`${UNGUARDED} and exists (select 1 ${SECOND})`;

/** A payment that was accepted although the external had cancelled it; its order has no second one. */
export const PAID_AFTER_CANCEL = sql<boolean>`${UNGUARDED} and canceled_at is not null
  and not exists (select 1 ${SECOND})`;

/** A text that names the second payment. */
export const SECOND_PAYMENT = sql<string>`(select 'Also accepted: ' || second.id
  || coalesce(', paymentId ' || second.payment_id, '') ${SECOND} limit 1)`;
