import { randomHex } from '../../../../src/shared/identifier.js';
import type { Check } from '../check.js';
import { CheckFailed, NotOffered, NotTried } from '../check-errors.js';
import { answerOf, ensure, paid, paidWith } from '../expect.js';
import type { Session } from '../session.js';

/** Requires that the order's status names this payment and status. */
async function requireOrder(
  session: Session,
  shopTransactionId: string,
  paymentId: string,
  statuses: readonly string[],
): Promise<void> {
  const reply = await session.status({ shopTransactionId });
  const answer = answerOf(reply);
  ensure(answer.paymentId !== undefined, 'the status of an order names no paymentId', reply);
  ensure(answer.paymentId === paymentId, 'the status of an order names another payment', reply);
  ensure(
    statuses.includes(answer.status),
    `the order is ${answer.status}, not ${statuses.join(' or ')}`,
    reply,
  );
}

async function requireOrders(session: Session): Promise<void> {
  await session.kit.fact('orders', async () => {
    const { paymentId, shopTransactionId } = await paid(session);
    const reply = await session.status({ shopTransactionId });
    if (reply.outcome.kind === 'rejected' || reply.outcome.kind === 'not-executed')
      throw new NotOffered('status by shopTransactionId is not offered');
    await requireOrder(session, shopTransactionId, paymentId, ['ACCEPTED']);
  });
}

async function ordersAreOffered(session: Session): Promise<void> {
  try {
    await requireOrders(session);
  } catch (error) {
    if (error instanceof CheckFailed)
      throw new NotTried('the status of a plain order fails already (order-status)');
    throw error;
  }
}

const offers = { level: 'offers', capability: 'statusByShopTransactionId', spec: '§4' } as const;

/** Proves `statusByShopTransactionId`: a lost answer to /pay can be found again. */
export const ORDER_CHECKS: readonly Check[] = [
  {
    ...offers,
    id: 'order-status',
    title: 'The status of an order names its payment',
    mend: 'Answer GET /status?shopTransactionId= with the `paymentId` and status of the payment that /pay made.',
    run: requireOrders,
  },
  {
    ...offers,
    id: 'order-unknown',
    title: 'An order that was never received is answered 404',
    mend: 'Answer 404 where no payment has this shopTransactionId: said twice, the gateway lets the order be paid anew.',
    run: async (session) => {
      await ordersAreOffered(session);
      const reply = await session.status({ shopTransactionId: session.newOrder() });
      const { outcome } = reply;
      if (outcome.kind === 'completed')
        throw new CheckFailed(`an unknown order is ${outcome.answer.status}`, reply.exchanged);
      ensure(
        outcome.kind === 'rejected' && outcome.reason === 'not-found',
        'an unknown order was not answered 404',
        reply,
      );
    },
  },
  {
    ...offers,
    id: 'order-unicode',
    title: 'An order with any letters is found',
    mend: 'Decode the query as UTF-8 with percent-encoding, `+` and `&` included, and compare ids letter for letter.',
    run: async (session) => {
      await ordersAreOffered(session);
      const order = `Größe/日本-🎫+%41&a=b ${randomHex(4)}`;
      const { paymentId } = await paid(session, { shopTransactionId: order });
      await requireOrder(session, order, paymentId, ['ACCEPTED']);
    },
  },
  {
    ...offers,
    id: 'order-pending',
    title: 'An order that is being paid is found',
    mend: 'Commit a pending payment before you answer. After 404 the order may be paid a second time.',
    run: async (session) => {
      await ordersAreOffered(session);
      const { body, answer } = await paidWith(session, 'pending', ['PENDING', 'REDIRECT_TO_URL']);
      await requireOrder(session, body.shopTransactionId, answer.paymentId!, [
        'PENDING',
        'ACCEPTED',
        'FAILED',
      ]);
    },
  },
  {
    ...offers,
    id: 'order-newest',
    title: 'Of several payments of an order, the one that is paid counts',
    mend: 'Answer with the payment that is paid or pending; if there is none, with the newest.',
    run: async (session) => {
      await ordersAreOffered(session);
      const { body } = await paidWith(session, 'declined', ['KO']);
      const { shopTransactionId } = body;
      const { paymentId } = await paid(session, { shopTransactionId });
      await paidWith(session, 'declined', ['KO'], { shopTransactionId });
      await requireOrder(session, shopTransactionId, paymentId, ['ACCEPTED']);
    },
  },
];
