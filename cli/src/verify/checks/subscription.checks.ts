import type { OperationName } from '../../../../src/config/external-operation.js';
import type { Check } from '../check.js';
import { CheckFailed, NotOffered, NotTried } from '../check-errors.js';
import { answerOf, ensure, isNotSupported } from '../expect.js';
import type { Reply, Session } from '../session.js';

const INFO = { interval: 'MONTH', intervalCount: 1, expiresAfter: 12 };
const LIVE = ['PENDING', 'ACTIVE'];
const ENDED = ['EXPIRED', 'CANCELED'];

/** Starts a subscription and returns its token. */
async function started(
  session: Session,
  operation: 'subscription/start' | 'subscription/schedule' = 'subscription/start',
): Promise<string> {
  const body = { ...session.payBody(), subscriptionInfo: INFO };
  const reply = await session.call(operation, { body });
  const { result, subscriptionToken } = answerOf(reply);
  ensure(
    result !== 'KO' && subscriptionToken !== undefined,
    'a subscription with the data for "accepted" was declined',
    reply,
  );
  return subscriptionToken;
}

function ofToken(operation: OperationName, token: string): string {
  return `${operation}/${encodeURIComponent(token)}`;
}

async function statusOf(session: Session, token: string): Promise<Reply<{ readonly status: string }>> {
  const operation = 'subscription/status';
  const reply = await session.call(operation, {
    path: ofToken(operation, token),
    queried: { subscriptionToken: token },
  });
  if (isNotSupported(reply.outcome)) throw new NotOffered(`${operation} is not offered`);
  return reply;
}

async function requireOneOf(session: Session, token: string, statuses: readonly string[]): Promise<void> {
  const reply = await statusOf(session, token);
  const { status } = answerOf(reply);
  ensure(statuses.includes(status), `the subscription is ${status}, not ${statuses.join(' or ')}`, reply);
}

const offers = { level: 'offers', spec: '§1' } as const;

/** Subscriptions, where they are offered. */
export const SUBSCRIPTION_CHECKS: readonly Check[] = [
  {
    ...offers,
    id: 'subscription-start',
    title: 'A subscription is started, and its status is known',
    mend: 'Answer as to /pay, with a `subscriptionToken`, and ACTIVE or PENDING to /subscription/status.',
    run: async (session) => requireOneOf(session, await started(session), LIVE),
  },
  {
    ...offers,
    id: 'subscription-schedule',
    title: 'A subscription is scheduled, and its status is known',
    mend: 'Answer as to /pay, with a `subscriptionToken`, and ACTIVE or PENDING to /subscription/status.',
    run: async (session) => requireOneOf(session, await started(session, 'subscription/schedule'), LIVE),
  },
  {
    ...offers,
    id: 'subscription-pay',
    title: 'A payment of a subscription is executed',
    mend: 'Charge the subscription of `subscriptionInfo.token`, and answer as to /pay.',
    run: async (session) => {
      const token = await started(session);
      const body = { ...session.payBody(), subscriptionInfo: { token } };
      const reply = await session.call('subscription/pay', { body });
      ensure(answerOf(reply).result !== 'KO', 'the payment of a live subscription was declined', reply);
    },
  },
  {
    ...offers,
    id: 'subscription-update',
    title: 'A subscription is updated',
    mend: 'Apply the members that the request has, keep the others, and answer with `result`.',
    run: async (session) => {
      const token = await started(session);
      const { amount, currency } = session.payBody();
      const operation = 'subscription/update';
      const reply = await session.call(operation, {
        path: ofToken(operation, token),
        body: { amount: amount + 1, currency },
      });
      ensure(answerOf(reply).result !== 'KO', 'the update of a live subscription was declined', reply);
    },
  },
  {
    ...offers,
    id: 'subscription-expire',
    title: 'A subscription that was ended stays ended',
    mend: 'End the subscription before you answer OK, and answer EXPIRED or CANCELED to /subscription/status.',
    run: async (session) => {
      const token = await started(session);
      const operation = 'subscription/expire';
      const reply = await session.call(operation, { path: ofToken(operation, token) });
      const { result } = answerOf(reply);
      if (result === 'PENDING') throw new NotTried('the external ends subscriptions later');
      ensure(result === 'OK', 'the end of a live subscription was declined', reply);
      await requireOneOf(session, token, ENDED);
    },
  },
  {
    ...offers,
    id: 'subscription-unknown',
    title: 'A subscription that was never received is answered 404',
    mend: 'Answer 404 to /subscription/status for a token that you have never issued.',
    run: async (session) => {
      await started(session); // throws where subscriptions are not offered
      const reply = await statusOf(session, `${session.newOrder()}-unknown`);
      const { outcome } = reply;
      if (outcome.kind === 'completed')
        throw new CheckFailed(`an unknown subscription is ${outcome.answer.status}`, reply.exchanged);
      ensure(
        outcome.kind === 'rejected' && outcome.reason === 'not-found',
        'an unknown subscription was not answered 404',
        reply,
      );
    },
  },
];
