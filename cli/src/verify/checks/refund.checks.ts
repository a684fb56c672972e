import type { Check } from '../check.js';
import { NotTried } from '../check-errors.js';
import {
  answerOf,
  ensure,
  paid,
  paidWith,
  type Payment,
  requireRefused,
  requireRefunded,
  requireStatus,
} from '../expect.js';
import type { Reply, Session } from '../session.js';
import type { AnswerTo } from '../../../../src/providers/answers.js';

const RACERS = 5;

/** 40 % of a payment: two such parts fit, three do not. */
function partOf({ amount }: Payment): number {
  return Math.max(1, Math.floor(amount * 0.4));
}

function refundOf(
  session: Session,
  { paymentId, currency }: Payment,
  amount: number,
): Promise<Reply<AnswerTo<'refund'>>> {
  return session.refund({ paymentId, currency, amount });
}

/** Refunds never exceed the payment, however they come. */
export const REFUND_CHECKS: readonly Check[] = [
  {
    id: 'refund',
    level: 'offers',
    capability: 'refund',
    title: 'A payment can be refunded in parts, to its last minor unit',
    spec: '§4',
    mend: 'Keep what was refunded of each payment, and accept a refund as long as it fits into the rest.',
    run: async (session) => {
      const payment = await paid(session);
      const part = partOf(payment);
      requireRefunded(await refundOf(session, payment, part), 'a refund of a part');
      requireRefunded(await refundOf(session, payment, payment.amount - part), 'a refund of the rest');
    },
  },
  {
    id: 'refund-keeps-payment',
    level: 'must',
    title: 'A payment that was refunded whole stays ACCEPTED',
    spec: '§2',
    mend: 'Leave the status of a payment as it is when it is refunded: FAILED says that it was never paid.',
    run: async (session) => {
      const payment = await paid(session);
      requireRefunded(await refundOf(session, payment, payment.amount), 'a refund of the whole payment');
      await requireStatus(session, payment.paymentId, 'ACCEPTED');
    },
  },
  {
    id: 'refund-over-rest',
    level: 'must',
    title: 'A refund that exceeds the rest is refused whole',
    spec: '§4',
    mend: 'Refuse the refund (KO or 422). Do not refund what is left of the payment instead.',
    run: async (session) => {
      const payment = await paid(session);
      const part = partOf(payment);
      const rest = payment.amount - part;
      requireRefunded(await refundOf(session, payment, part), 'a refund of a part');
      requireRefused(
        await refundOf(session, payment, rest + 1),
        `a refund of ${rest + 1} where ${rest} are left`,
      );
      requireRefunded(await refundOf(session, payment, rest), 'the rest, after a refund that was too large,');
    },
  },
  {
    id: 'refund-raced',
    level: 'must',
    title: 'Refunds at the same time do not exceed the payment together',
    spec: '§4',
    mend: 'Lock the payment, or lower its rest in the same statement that checks it, before you execute a refund.',
    run: async (session) => {
      const payment = await paid(session);
      const part = partOf(payment);
      await session.warmUp(RACERS);
      const replies = await Promise.all(
        Array.from({ length: RACERS }, () => refundOf(session, payment, part)),
      );
      const results = replies.map((reply) =>
        reply.outcome.kind === 'rejected' ? 'KO' : answerOf(reply).result,
      );
      const counted = results.filter((result) => result !== 'KO').length;
      ensure(
        counted * part <= payment.amount,
        `${counted} of ${RACERS} refunds of ${part} at once were executed, of a payment of ${payment.amount}`,
      );
      ensure(
        counted > 0,
        `none of ${RACERS} refunds of ${part} at once was executed, of a payment of ${payment.amount}`,
      );
    },
  },
  {
    id: 'refund-currency',
    level: 'must',
    title: 'A refund in another currency is refused',
    spec: '§3',
    mend: 'Compare the currency of the refund with that of the payment.',
    run: async (session) => {
      const payment = await paid(session);
      const currency = payment.currency === 'EUR' ? 'USD' : 'EUR';
      requireRefused(
        await refundOf(session, { ...payment, currency }, 1),
        `a refund in ${currency} of a payment in ${payment.currency}`,
      );
    },
  },
  {
    id: 'refund-no-amount',
    level: 'must',
    title: 'A refund without an amount is refused',
    spec: '§1',
    mend: 'Require `amount` to be an integer from 1. Do not take the whole payment instead.',
    run: async (session) => {
      const { paymentId, currency } = await paid(session);
      requireRefused(await session.refund({ paymentId, currency }), 'a refund without an amount');
    },
  },
  {
    id: 'refund-unknown',
    level: 'must',
    title: 'A refund of a payment that was never received is refused',
    spec: '§3',
    mend: 'Answer 404 with a JSON object where the payment does not exist.',
    run: async (session) => {
      const [currency = 'EUR'] = session.data.currencies;
      const body = { paymentId: `${session.newOrder()}-unknown`, amount: 1, currency };
      requireRefused(await session.refund(body), 'a refund of an unknown payment');
    },
  },
  {
    id: 'refund-declined',
    level: 'must',
    title: 'A declined payment cannot be refunded',
    spec: '§3',
    mend: 'Refund only payments that are ACCEPTED.',
    run: async (session) => {
      const { body, answer } = await paidWith(session, 'declined', ['KO']);
      const { paymentId } = answer;
      if (paymentId === undefined) throw new NotTried('declined payments have no paymentId');
      requireRefused(await refundOf(session, { ...body, paymentId }, 1), 'a refund of a declined payment');
    },
  },
];
