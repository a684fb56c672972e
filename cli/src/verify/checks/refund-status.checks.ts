import { isJsonObject } from '../../../../src/shared/json.js';
import type { Check } from '../check.js';
import { CheckFailed, NotOffered, NotTried } from '../check-errors.js';
import { answerOf, ensure, isNotSupported, jsonOf, paid, requireRefunded } from '../expect.js';
import type { Session } from '../session.js';

interface Refund {
  readonly paymentId: string;
  readonly refundId: string | undefined;
  readonly key: string;
  readonly amount: number;
  readonly currency: string;
}

async function refunded(session: Session): Promise<Refund> {
  const { paymentId, amount: whole, currency } = await paid(session);
  const amount = Math.max(1, whole - 1);
  const key = session.newKey();
  const reply = await session.refund({ paymentId, amount, currency }, { key });
  if (isNotSupported(reply.outcome)) throw new NotOffered('refund is not offered');
  const { refundId } = requireRefunded(reply, 'a refund');
  return { paymentId, refundId, key, amount, currency };
}

/** Requires that the answer is about this refund. */
async function requireRefund(
  session: Session,
  { paymentId, refundId, amount, currency }: Refund,
  by: Readonly<Record<string, string>>,
): Promise<void> {
  const reply = await session.refundStatus({ paymentId, ...by });
  if (isNotOffered(reply)) throw new NotOffered('refund/status is not offered');
  const answer = answerOf(reply);
  ensure(answer.status !== 'FAILED', 'a refund that was answered OK or PENDING is FAILED', reply);
  ensure((answer.refundId ?? refundId) === (refundId ?? answer.refundId), 'it names another refund', reply);
  ensure((answer.amount ?? amount) === amount, `its amount is ${answer.amount}, not ${amount}`, reply);
  ensure((answer.currency ?? currency) === currency, `its currency is ${answer.currency}`, reply);
}

/** No such route: every 404 to a query says "never seen" to the gateway, which asks only where it is configured. */
function isNotOffered(reply: Awaited<ReturnType<Session['refundStatus']>>): boolean {
  const { outcome, exchanged } = reply;
  if (isNotSupported(outcome)) return true;
  return outcome.kind === 'rejected' && outcome.status === 404 && !isJsonObject(jsonOf(exchanged));
}

async function refundStatusIsOffered(session: Session): Promise<void> {
  try {
    await session.kit.fact('refund/status', async () => {
      const refund = await refunded(session);
      await requireRefund(
        session,
        refund,
        refund.refundId === undefined ? { idempotencyKey: refund.key } : { refundId: refund.refundId },
      );
    });
  } catch (error) {
    if (error instanceof CheckFailed)
      throw new NotTried('the status of a plain refund fails already (refund-status)');
    throw error;
  }
}

const offers = { level: 'offers', capability: 'refund/status', spec: '§2' } as const;

/** Proves `refund/status`. */
export const REFUND_STATUS_CHECKS: readonly Check[] = [
  {
    ...offers,
    id: 'refund-status',
    title: 'The status of a refund is known by its `refundId`',
    mend: 'Name each refund in the answer to /refund, and answer GET /refund/status?paymentId=&refundId= with its status, amount and currency.',
    run: async (session) => {
      const refund = await refunded(session);
      if (refund.refundId === undefined) {
        await requireRefund(session, refund, { idempotencyKey: refund.key });
        throw new NotTried('refunds have no refundId');
      }
      await requireRefund(session, refund, { refundId: refund.refundId });
    },
  },
  {
    ...offers,
    id: 'refund-status-by-key',
    title: 'The status of a refund is known by the key of its request',
    mend: 'Store the `Idempotency-Key` with the refund, and answer GET /refund/status?paymentId=&idempotencyKey= with its `refundId`.',
    run: async (session) => {
      await refundStatusIsOffered(session);
      const refund = await refunded(session);
      await requireRefund(session, refund, { idempotencyKey: refund.key });
    },
  },
  {
    ...offers,
    id: 'refund-status-unknown',
    title: 'A refund that was never received is answered 404',
    mend: 'Answer 404 to a key or refundId that you do not know: said twice for a key, the refund counts as never executed.',
    run: async (session) => {
      await refundStatusIsOffered(session);
      const { paymentId } = await paid(session);
      const unknown: Readonly<Record<string, string>>[] = [
        { idempotencyKey: session.newKey() },
        { refundId: `${session.newOrder()}-unknown` },
      ];
      for (const by of unknown) {
        const reply = await session.refundStatus({ paymentId, ...by });
        const { outcome } = reply;
        if (outcome.kind === 'completed')
          throw new CheckFailed(`an unknown refund is ${outcome.answer.status}`, reply.exchanged);
        ensure(
          outcome.kind === 'rejected' && outcome.reason === 'not-found',
          'an unknown refund was not answered 404',
          reply,
        );
      }
    },
  },
];
