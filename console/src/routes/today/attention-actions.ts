import type { Resolvable } from '../../actions/resolve';
import type { AttentionItem, ExternalRecord } from '../../api/records';
import type { Allowed } from '../../session/scopes';

/** An act that can settle an item of attention. */
export type AttentionAction =
  | { readonly kind: 'check'; readonly id: string; readonly state: string }
  | { readonly kind: 'refund'; readonly id: string }
  | { readonly kind: 'replay'; readonly id: string }
  | { readonly kind: 'resolve'; readonly item: Resolvable };

/** The one or two acts that can settle an item, the first choice first; those that the scopes do not allow are left out. */
export function actionsFor(
  item: AttentionItem,
  { act, settle }: Allowed,
  /** Undefined: it is not configured, or not loaded yet. */
  external: Pick<ExternalRecord, 'operations' | 'statusByShopTransactionId'> | undefined,
): readonly AttentionAction[] {
  const isQueryable =
    external?.operations.includes('status') === true &&
    (item.paymentId !== undefined || external.statusByShopTransactionId);
  return candidates(item)
    .filter(({ kind }) => (kind === 'check' || kind === 'replay' ? act : settle))
    .filter(({ kind }) => kind !== 'check' || isQueryable);
}

function candidates(item: AttentionItem): readonly AttentionAction[] {
  const { id, state, paymentId } = item;
  const check: AttentionAction = { kind: 'check', id, state };
  const refund: AttentionAction = { kind: 'refund', id };
  const resolvePayment: AttentionAction = {
    kind: 'resolve',
    item: { kind: 'payment', id, externalId: paymentId },
  };
  switch (item.kind) {
    case 'payment-unknown':
    case 'payment-parked':
      return [check, resolvePayment];
    case 'payment-id-taken':
      // The id belongs to another payment.
      return [{ kind: 'resolve', item: { kind: 'payment', id } }];
    case 'order-paid-twice':
    case 'canceled-payment-accepted':
      return [refund, resolvePayment];
    case 'refund-stuck':
    case 'refund-reversed':
      return [{ kind: 'resolve', item: { kind: 'refund', id } }];
    case 'subscription-parked':
    case 'subscription-token-taken':
      return [{ kind: 'resolve', item: { kind: 'subscription', id } }];
    case 'operation-unknown':
      return [{ kind: 'resolve', item: { kind: 'operation', id } }];
    case 'notification-dead':
      return [{ kind: 'replay', id }];
    case 'callback-unconfirmed':
    case 'circuit-open':
    case 'credentials-refused':
      return [];
    default:
      // The gateway may be newer than this page.
      return [];
  }
}

/** The page with everything about an item. */
export function pageOf(item: AttentionItem): string {
  const { id, payment } = item;
  if (payment !== undefined) return `/payments/${payment}`;
  if (id.startsWith('ref_')) return `/refunds?item=${id}`;
  if (id.startsWith('sub_')) return '/subscriptions?state=UNKNOWN';
  if (id.startsWith('op_')) return `/operations?item=${id}`;
  if (id.startsWith('cbk_')) return `/callbacks?state=UNCONFIRMED&item=${id}`;
  if (id.startsWith('ntf_')) return `/notifications?state=DEAD&item=${id}`;
  return '/externals';
}
