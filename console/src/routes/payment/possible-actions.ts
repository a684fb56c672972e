import { resolutionOf } from '../../actions/resolution';
import { restOf } from '../../actions/refund-amount';
import type { EventRecord, ExternalRecord, PaymentDetail } from '../../api/records';
import type { Allowed } from '../../session/scopes';

export interface PossibleActions {
  readonly check: boolean;
  readonly resolve: boolean;
  /** The event of the resolution that can be corrected. */
  readonly correct: string | undefined;
  readonly refund: boolean;
  readonly cancel: boolean;
  /** The notification to send again: the newest that was not delivered. */
  readonly replay: string | undefined;
}

type Payment = Pick<
  PaymentDetail,
  'state' | 'paymentId' | 'parkedAt' | 'amount' | 'refundedAmount' | 'shopTransactionId' | 'canceledAt'
> & {
  readonly notifications: readonly Pick<PaymentDetail['notifications'][number], 'id' | 'state'>[];
  readonly events: readonly EventRecord[];
};

type External = Pick<ExternalRecord, 'operations' | 'statusByShopTransactionId'>;

/**
 * What can be done about a payment. The gateway decides in the end; an act that it would surely refuse is not offered.
 * `external` undefined: it is not configured, or not loaded yet.
 */
export function possibleActions(
  payment: Payment,
  external: External | undefined,
  { act, settle }: Allowed,
): PossibleActions {
  const { state, paymentId, parkedAt, shopTransactionId, canceledAt } = payment;
  const offers = (operation: string): boolean => external?.operations.includes(operation) ?? false;
  const isNamed =
    paymentId !== undefined ||
    (external?.statusByShopTransactionId === true && shopTransactionId !== undefined);
  const isOpen = state === 'UNKNOWN' || (state === 'PENDING' && parkedAt !== undefined);
  const isRefundable = state === 'ACCEPTED' && restOf(payment) !== 0 && paymentId !== undefined;
  const newest = payment.notifications.findLast((each) => each.state === 'DEAD' || each.state === 'RETRY');
  return {
    check: act && isNamed && offers('status') && state !== 'CREATED',
    resolve: settle && (isOpen || (state === 'ACCEPTED' && canceledAt !== undefined)),
    correct: settle && !isOpen ? resolutionOf(payment.events) : undefined,
    refund: settle && isRefundable && offers('refund'),
    cancel: settle && state === 'PENDING' && paymentId !== undefined && offers('cancel'),
    replay: act ? newest?.id : undefined,
  };
}
