import type { PaymentRow } from './payment.table.js';

/** Most orders: nothing in them has another form. */
const PLAIN = /^[!-~](?:[ -~]*[!-~])?$/;
/** Invisible characters (Unicode, Default_Ignorable_Code_Point): fillers, joiners, variation selectors, tags. */
const IGNORABLE = /\p{DI}/gu;

/**
 * The form of a `shopTransactionId` in which orders are compared: without outer white space and invisible characters, in
 * NFC. Two texts that look the same are one order.
 */
export function orderKey(shopTransactionId: string): string {
  if (PLAIN.test(shopTransactionId)) return shopTransactionId;
  return shopTransactionId.replaceAll(IGNORABLE, '').normalize('NFC').trim();
}

/** The columns of an order: its key, and the text as sent where it differs. */
export function orderColumns(shopTransactionId: string): {
  shop_transaction_id: string;
  shop_transaction_id_sent: string | undefined;
} {
  const key = orderKey(shopTransactionId);
  return {
    shop_transaction_id: key,
    shop_transaction_id_sent: key === shopTransactionId ? undefined : shopTransactionId,
  };
}

/** The `shopTransactionId` as it was sent: for answers, notifications, operators and queries to the external. */
export function sentOrder({
  shop_transaction_id: key,
  shop_transaction_id_sent: sent,
}: Partial<Pick<PaymentRow, 'shop_transaction_id' | 'shop_transaction_id_sent'>>): string | undefined {
  return sent ?? key ?? undefined;
}
