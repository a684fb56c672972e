import type { Secret } from '../sensitive/secret.js';

/** The subjects of notifications (SPEC §5). */
export const NOTIFICATION_EVENTS = ['payment', 'refund', 'subscription'] as const;
export type NotificationEvent = (typeof NOTIFICATION_EVENTS)[number];

/** The name of the receiver at `PAYMENT_CALLBACK_URL`; no receiver of the receivers file may have it. */
export const PAYMENT_CALLBACK = 'payment-callback';

/** A service that receives notifications: that of `PAYMENT_CALLBACK_URL`, or an entry of the receivers file (SPEC §5). */
export interface ReceiverConfig {
  /** 1 to 64 of `a-z 0-9 - _`. */
  readonly name: string;
  readonly url: string;
  /** `whsec_…`, two during a key rotation; without any, notifications are not signed. */
  readonly secrets: readonly Secret[];
  /** At least one. */
  readonly events: readonly NotificationEvent[];
  /** The externals whose events it receives; undefined: all. */
  readonly externals: readonly string[] | undefined;
}
