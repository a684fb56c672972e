import { randomHex } from '../../../../src/shared/identifier.js';
import type { Check } from '../check.js';
import { CheckFailed, NotOffered, NotTried } from '../check-errors.js';
import { answerOf, detailOf, ensure, isNotSupported, paid, paidWith } from '../expect.js';
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
    if (reply.outcome.kind === 'rejected' || isNotSupported(reply.outcome))
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

/** Requires 404. @param what the order, as a noun phrase */
function requireUnknownOrder(reply: Awaited<ReturnType<Session['status']>>, what: string): void {
  const { outcome } = reply;
  if (outcome.kind === 'completed')
    throw new CheckFailed(`${what} is ${outcome.answer.status}`, reply.exchanged);
  ensure(
    outcome.kind === 'rejected' && outcome.reason === 'not-found',
    `${what} was not answered 404: ${detailOf(outcome)}`,
    reply,
  );
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
      requireUnknownOrder(reply, 'an unknown order');
    },
  },
  {
    ...offers,
    id: 'order-unicode',
    title: 'An order with any letters is found',
    mend: 'Decode the query as UTF-8 with percent-encoding, `+` and `&` included, and compare ids letter for letter.',
    run: async (session) => {
      await ordersAreOffered(session);
      const order = `Größe/日本-🎫-e\u0301+%41&a=b ${randomHex(4)}`;
      const { paymentId } = await paid(session, { shopTransactionId: order });
      await requireOrder(session, order, paymentId, ['ACCEPTED']);
    },
  },
  {
    ...offers,
    id: 'order-distinct',
    title: 'Orders that differ in one letter are two orders',
    mend: 'Compare ids byte for byte: a collation of the database must not fold case or accents, nor ignore spaces at the end, and no column may cut an id of 255 characters.',
    run: async (session) => {
      await ordersAreOffered(session);
      const start = `Order-${randomHex(6)}-e\u0301-`;
      const order = start + 'x'.repeat(254 - start.length);
      await paid(session, { shopTransactionId: order });
      for (const [other, difference] of [
        [order.toLowerCase(), 'in upper and lower case'],
        [order.normalize('NFC'), 'in their Unicode normal form'],
        [`${order.slice(0, -1)}y`, 'in character 254'],
        [`${order} `, 'in a space at the end'],
      ] as const)
        requireUnknownOrder(
          await session.status({ shopTransactionId: other }),
          `an order that was never received, and differs from a paid one only ${difference},`,
        );
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
