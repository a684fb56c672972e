import { headerOf } from '../../../../src/outbound/exchange.js';
import { isJsonObject } from '../../../../src/shared/json.js';
import type { Check } from '../check.js';
import { CheckFailed, NotOffered, NotTried } from '../check-errors.js';
import { answerOf, detailOf, ensure, isNotSupported, jsonOf, paid, requireRejected } from '../expect.js';
import type { Session } from '../session.js';

/** An id that no external has issued. */
function unknownId(session: Session): string {
  return `${session.newOrder()}-unknown`;
}

/** What every external has to do: `pay`, `status`, and the refusal of everything else. */
export const CONTRACT_CHECKS: readonly Check[] = [
  {
    id: 'pay',
    level: 'must',
    title: 'A payment is executed and answered as the contract says',
    spec: '§1',
    mend: 'Answer 200 and JSON with `result` and `paymentId`. See "Answers" in docs/writing-an-external.md.',
    run: async (session) => {
      await paid(session);
    },
  },
  {
    id: 'pay-new-id',
    level: 'must',
    title: 'Each order has a `paymentId` of its own',
    spec: '§4',
    mend: 'Issue a new `paymentId` for each payment, for example a UUID, and never use one again.',
    run: async (session) => {
      const [one, two] = [await paid(session), await paid(session)];
      ensure(one.paymentId !== two.paymentId, 'two orders have the same paymentId');
    },
  },
  {
    id: 'pay-content-type',
    level: 'should',
    title: 'Answers say that they are JSON',
    spec: '§2',
    mend: 'Send `Content-Type: application/json` with every answer that has a body.',
    run: async (session) => {
      const reply = await session.pay(session.payBody());
      answerOf(reply);
      const { end } = reply.exchanged!;
      const type = 'headers' in end ? headerOf(end, 'content-type') : undefined;
      ensure(type !== undefined, 'the answer to /pay has no Content-Type', reply);
    },
  },
  {
    id: 'pay-metadata',
    level: 'must',
    title: '`metadata` comes back value for value',
    spec: '§2',
    mend: 'Serialise `metadata` as JSON in UTF-8, and do not change, sort or flatten it.',
    run: async (session) => {
      const { metadata } = session.data.accepted;
      if (metadata === undefined) throw new NotTried('the file of --data has no "metadata" in "accepted"');
      const reply = await session.pay(session.payBody());
      answerOf(reply);
      const json = jsonOf(reply.exchanged);
      const received = isJsonObject(json) ? json['metadata'] : undefined;
      ensure(isSame(received, metadata), `its metadata is ${JSON.stringify(received)}`, reply);
    },
  },
  {
    id: 'status',
    level: 'must',
    capability: 'status',
    title: 'The status of a payment is known as soon as it was answered',
    spec: '§2',
    mend: 'Commit the payment before you answer, and read /status from the database that /pay writes to.',
    run: async (session) => {
      const payment = await paid(session);
      const reply = await session.status({ paymentId: payment.paymentId });
      const isMissing = reply.outcome.kind === 'rejected' && !isJsonObject(jsonOf(reply.exchanged));
      if (isMissing)
        throw new NotOffered('status is not offered: payments can only be settled by hand or by a push');
      const { status, shopTransactionId } = answerOf(reply);
      ensure(status === 'ACCEPTED', `a payment that was answered OK is ${status}`, reply);
      ensure(
        shopTransactionId === undefined || shopTransactionId === payment.shopTransactionId,
        'the status names another shopTransactionId',
        reply,
      );
    },
  },
  {
    id: 'status-unknown',
    level: 'must',
    title: 'A payment that was never received is answered 404',
    spec: '§2',
    mend: 'Answer 404 to /status for an id that you have never issued: the gateway takes it as "never seen".',
    run: async (session) => {
      const reply = await session.status({ paymentId: unknownId(session) });
      const { outcome } = reply;
      if (outcome.kind === 'rejected' && outcome.reason === 'not-found') return;
      if (outcome.kind === 'completed')
        throw new CheckFailed(`an unknown payment is ${outcome.answer.status}`, reply.exchanged);
      answerOf(reply);
      throw new CheckFailed('an unknown payment was not answered 404', reply.exchanged);
    },
  },
  {
    id: 'route-unknown',
    level: 'must',
    title: 'A path that does not exist is answered as not offered',
    spec: '§3',
    mend: 'Answer 404 without a JSON object, 405 or 501 for every path that you do not offer.',
    run: async (session) => {
      const reply = await session.send('POST', 'pay-unknown', JSON.stringify(session.payBody()));
      const { outcome } = reply;
      if (isNotSupported(outcome)) return;
      if (outcome.kind === 'rejected')
        throw new CheckFailed(
          'an unknown path was answered as if it were a payment that was refused',
          reply.exchanged,
        );
      if (outcome.kind === 'completed')
        throw new CheckFailed('a payment was executed at an unknown path', reply.exchanged);
      throw new CheckFailed(`an unknown path: ${detailOf(outcome)}`, reply.exchanged);
    },
  },
  {
    id: 'method-wrong',
    level: 'must',
    title: 'Another method executes nothing',
    spec: '§2',
    mend: 'Bind each operation to its method, and answer 405 to the others.',
    run: async (session) => {
      for (const [method, path, body] of [
        ['GET', 'pay', undefined],
        ['PUT', 'pay', JSON.stringify(session.payBody())],
        ['POST', 'status', JSON.stringify(session.payBody())],
      ] as const) {
        const reply = await session.send(method, path, body);
        const { outcome } = reply;
        if (outcome.kind === 'rejected' || isNotSupported(outcome)) continue;
        const what =
          outcome.kind === 'completed' ? `it was answered ${outcome.answer.result}` : detailOf(outcome);
        throw new CheckFailed(`${method} /${path} was not answered 4xx: ${what}`, reply.exchanged);
      }
    },
  },
  ...(
    [
      ['amount', 'no amount', { amount: undefined }],
      ['currency', 'no currency', { currency: undefined }],
      ['amount-decimal', 'a decimal amount', { amount: 12.99 }],
      ['amount-text', 'an amount that is a text', { amount: '1299' }],
      ['amount-negative', 'a negative amount', { amount: -1_299 }],
    ] as const
  ).map(([id, what, fields]): Check => ({
    id: `refuses-${id}`,
    level: 'must',
    title: `A payment with ${what} is refused`,
    spec: '§1',
    mend: 'Require `amount` to be an integer of minor units from 1, and `currency`, `shopTransactionId` to be there; answer 422 otherwise.',
    run: async (session) => {
      const body = { ...session.payBody(), ...fields };
      requireRejected(await session.send('POST', 'pay', JSON.stringify(body)), `a payment with ${what}`);
    },
  })),
  {
    id: 'refuses-broken-json',
    level: 'should',
    title: 'A body that is not JSON is refused',
    spec: '§3',
    mend: 'Answer 400 where the body cannot be parsed. A 5xx says that something may have been executed.',
    run: async (session) => {
      requireRejected(await session.send('POST', 'pay', '{"amount": 1299,'), 'a body that is not JSON');
    },
  },
  {
    id: 'pay-by-link',
    level: 'offers',
    title: 'A payment link is answered as the contract says',
    spec: '§1',
    mend: 'Answer `result` OK with an http(s) `link`, or KO. See "Answers" in docs/writing-an-external.md.',
    run: async (session) => {
      answerOf(await session.call('pay-by-link', { body: session.payBody() }));
    },
  },
];

/** The same JSON value; members may be in any order. */
function isSame(one: unknown, two: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(two))
    return one.length === two.length && one.every((item, index) => isSame(item, two[index]));
  if (!isJsonObject(one) || !isJsonObject(two)) return Object.is(one, two);
  const names = Object.keys(one);
  return (
    names.length === Object.keys(two).length &&
    names.every((name) => Object.hasOwn(two, name) && isSame(one[name], two[name]))
  );
}
