/**
 * When a change of a payment, refund or subscription queues a notification (SPEC §5).
 *
 * - `always`: also if the state does not change (check, verified callback).
 * - `on-change`: if the state changes.
 * - `if-notified`: if the state changes, and the receivers were notified of an earlier one. For the answer of a call, which the
 *   caller has: without it, what a receiver got last would no longer be true.
 */
export type NoticeWhen = 'always' | 'on-change' | 'if-notified';

/**
 * Whether a notification is queued. `version` is that of the newest notification of what has changed, 0 if there was
 * none; undefined if the state did not change.
 */
export function isNoticeDue(when: NoticeWhen, version: number | undefined): boolean {
  if (when === 'always') return true;
  return version !== undefined && (when === 'on-change' || version > 0);
}
