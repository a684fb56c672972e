import type { ExternalConfig } from '../../config/external-config.js';
import { isOffered } from '../../config/external-operation.js';
import type { StatusQueryRow } from '../../operations/status-query.table.js';
import { queryText } from '../records/query-record.js';
import { shownTime } from '../records/shown.js';

/** What is known about an open payment or refund, from which its advice follows. */
export interface QueryFacts {
  /** Of its external; undefined where that is not configured. */
  readonly config: ExternalConfig | undefined;
  readonly paymentId: string | undefined;
  readonly shopTransactionId: string | undefined;
  readonly lastQuery: StatusQueryRow | undefined;
  /** When reconciliation queries it next; undefined: never. */
  readonly nextQueryAt: number | undefined;
}

/** After `A` or `a`. */
const SETTLE_PAYMENT =
  'sk the external’s support, and record the outcome with POST /admin/payments/{id}/resolve.';
const SETTLE_REFUND =
  'Ask the external’s support, and record the outcome with POST /admin/refunds/{id}/resolve.';

/** What to do about a payment that is UNKNOWN or parked. */
export function paymentAdvice(facts: QueryFacts): string {
  const obstacle = paymentObstacle(facts);
  if (obstacle !== undefined)
    return `The gateway cannot query the external about the payment: ${obstacle}. A${SETTLE_PAYMENT}`;
  return `${happened(facts)} ${next(facts)} POST /admin/payments/{id}/check queries it now. If that does not settle it, a${SETTLE_PAYMENT}`;
}

/** What to do about a refund whose end is not known. */
export function refundAdvice(facts: QueryFacts): string {
  const { config } = facts;
  const reserved = 'Its amount stays reserved.';
  if (!config)
    return `The gateway cannot query the external about the refund: it is not configured. ${reserved} ${SETTLE_REFUND}`;
  if (!isOffered(config, 'refund/status'))
    return `The gateway cannot query the external about the refund: its configuration does not offer refund/status. ${reserved} ${SETTLE_REFUND}`;
  return `${happened(facts)} ${next(facts)} ${reserved} ${SETTLE_REFUND}`;
}

/** Why the external cannot be queried about a payment; undefined where it can. */
function paymentObstacle({ config, paymentId, shopTransactionId }: QueryFacts): string | undefined {
  if (!config) return 'it is not configured';
  if (!isOffered(config, 'status')) return 'its configuration switches status off';
  if (paymentId !== undefined) return undefined;
  if (config.statusByShopTransactionId && shopTransactionId !== undefined) return undefined;
  return 'its paymentId is not known, and the configuration does not offer statusByShopTransactionId';
}

function happened({ lastQuery }: QueryFacts): string {
  if (!lastQuery) return 'The external has not been queried yet.';
  const text = queryText(lastQuery);
  return `${text[0]!.toUpperCase()}${text.slice(1)}`.replace(/[^.]$/, '$&.');
}

function next({ nextQueryAt }: QueryFacts): string {
  return nextQueryAt === undefined
    ? 'The schedule of queries is used up.'
    : `The gateway queries it again at ${shownTime(nextQueryAt)}.`;
}
