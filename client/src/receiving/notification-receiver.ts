import type { KnownNotification } from './notification.js';
import { NotificationError, type RefusalReason } from './notification-error.js';
import type { NotificationStore, NotificationVersions } from './notification-store.js';
import {
  type NotificationHeaders,
  type NotificationSecrets,
  requireSecrets,
  verifyNotification,
  type VerifyOptions,
} from './verify-notification.js';

export interface ReceiverOptions<Transaction> extends VerifyOptions {
  /** The `whsec_…` of this receiver; several while a key is rotated. */
  readonly secrets: NotificationSecrets;
  readonly store: NotificationStore<Transaction>;
  /**
   * Called once for each notification that is newer than all that were processed of its payment, refund or
   * subscription, inside the store's transaction. If it rejects, nothing is stored and Tollgate sends the notification
   * again. It must end within Tollgate's limit of 10 s.
   */
  readonly process: (notification: KnownNotification, transaction: Transaction) => void | Promise<void>;
}

/**
 * What became of a notification, and the status to answer Tollgate:
 * - `processed`;
 * - `outdated`: a repeat, or older than one that was processed;
 * - `ignored`: of a kind that this version of the client does not know;
 * - `refused`: not proven to be Tollgate's.
 */
export type Receipt =
  | { readonly result: 'processed' | 'outdated' | 'ignored'; readonly status: 200 }
  | {
      readonly result: 'refused';
      readonly status: 400 | 401 | 413;
      readonly reason: RefusalReason | 'too-large';
    };

export interface NotificationReceiver {
  /**
   * Verifies, orders and processes one notification.
   * @param rawBody The bytes of the body as received.
   * @throws What `process` or the store throws: answer 500, and Tollgate sends the notification again.
   */
  receive(rawBody: Uint8Array, headers: NotificationHeaders): Promise<Receipt>;
}

/** Higher than every version: an order that is paid stays so. */
const PAID = Number.MAX_SAFE_INTEGER;

/**
 * Makes a receiver for any server; for Express, Fastify and Nest there are handlers.
 * @throws TypeError where a secret is not `whsec_` and base64.
 */
export function createReceiver<Transaction>(options: ReceiverOptions<Transaction>): NotificationReceiver {
  const { secrets, store, process } = options;
  requireSecrets(secrets);
  return {
    async receive(rawBody, headers) {
      try {
        const notification = await verifyNotification(rawBody, headers, secrets, options);
        if (notification.event === 'unknown') return { result: 'ignored', status: 200 };
        return await store.transaction(async (versions) => {
          if (!(await isNewest(notification, versions))) return { result: 'outdated', status: 200 };
          await process(notification, versions.transaction);
          return { result: 'processed', status: 200 };
        });
      } catch (error) {
        if (!(error instanceof NotificationError)) throw error;
        const { reason } = error;
        return { result: 'refused', status: reason === 'malformed' ? 400 : 401, reason };
      }
    },
  };
}

/**
 * Raises the version of what the notification is about; false where it is a repeat or an older one. The version is the
 * one of the signed body: anything between Tollgate and here can change a header.
 */
async function isNewest(
  { event, data }: KnownNotification,
  { raise }: Pick<NotificationVersions, 'raise'>,
): Promise<boolean> {
  const { version } = data;
  const subject = (kind: string, id: string): string => JSON.stringify([kind, data.providerName, id]);
  if (event === 'refund') return raise(subject(event, data.refundId), version);
  if (event === 'subscription') return raise(subject(event, data.subscriptionToken), version);
  const { paymentId, shopTransactionId, status } = data;
  const accepted = status === 'ACCEPTED';
  if (paymentId !== undefined) {
    if (!(await raise(subject(event, paymentId), version))) return false;
    // Whether or not the order was paid before: an ACCEPTED that had no id is processed again with its id.
    if (accepted && shopTransactionId !== undefined) await raise(subject('order', shopTransactionId), PAID);
    return true;
  }
  // Never executed, or its id is not known. Attempts for one order have versions of their own and cannot be told apart,
  // but ACCEPTED is final: it is newer than everything, and nothing undoes it.
  if (shopTransactionId === undefined)
    throw new NotificationError('malformed', 'The payment has neither a paymentId nor a shopTransactionId.');
  return raise(subject('order', shopTransactionId), accepted ? PAID : version);
}
