/**
 * Why a notification is refused:
 * - `missing-header`: a header of Standard Webhooks is missing, or the request is not one of Tollgate;
 * - `malformed`: a header or the body has another form than Tollgate gives it;
 * - `too-old`, `too-new`: its timestamp is too far from this machine's clock: a replay, or a wrong clock;
 * - `bad-signature`: no secret matches: it is forged, or this receiver lacks the secret.
 */
export type RefusalReason = 'missing-header' | 'malformed' | 'too-old' | 'too-new' | 'bad-signature';

/** A notification is refused: nothing in it may be believed. */
export class NotificationError extends Error {
  override readonly name = 'NotificationError';

  constructor(
    readonly reason: RefusalReason,
    message: string,
  ) {
    super(message);
  }
}
