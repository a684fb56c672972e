import type { CallbackAnswer, Answering, Callback } from '../callback-target.js';
import type { Check } from '../check.js';
import { CheckFailed, NotTried } from '../check-errors.js';
import { ensure, finalStatus, paidWith } from '../expect.js';
import type { Session } from '../session.js';

/** Jitter may make a later gap a little shorter than the one before. */
const GROWTH = 1.1;

/** Pays with the data for "pending", and returns the payment's id as soon as its callbacks are answered. */
async function pendingPayment(session: Session, answering: Answering): Promise<string> {
  const { callbacks } = session.kit;
  const { answer } = await paidWith(session, 'pending', ['PENDING']);
  callbacks.answer(answer.paymentId!, answering);
  return answer.paymentId!;
}

/** The callbacks of a payment once there are `count`, or no more can be expected. */
async function callbacksOf(session: Session, paymentId: string, count: number): Promise<readonly Callback[]> {
  const { pace, signal } = session.kit.options;
  const { callbacks } = session.kit;
  const early = await callbacks.received(paymentId, 1, pace.callbackMs, signal);
  if (early.length === 0) {
    const status = await finalStatus(session, paymentId);
    if (status === 'PENDING')
      throw new NotTried(
        `the payment with the data for "pending" is still PENDING after ${pace.settleMs / 1_000} s`,
      );
    const first = await callbacks.received(paymentId, 1, pace.callbackMs, signal);
    if (first.length === 0) throw new NotTried(noCallback(session));
  }
  return callbacks.received(paymentId, count, count === 1 ? 0 : pace.retryMs, signal);
}

function noCallback(session: Session): string {
  return `no callback came to ${session.kit.callbacks.origin}/v3/{external}/callback: start the external with this address of the gateway`;
}

/** Answers the first callbacks so, and each further one 200. */
function first(...answers: readonly CallbackAnswer[]): Answering {
  return (_callback, count) => answers[count - 1] ?? 200;
}

function isRetried(what: string, answer: CallbackAnswer): Pick<Check, 'slow' | 'run'> {
  return {
    slow: true,
    run: async (session) => {
      const paymentId = await pendingPayment(session, first(answer));
      const received = await callbacksOf(session, paymentId, 2);
      ensure(!session.kit.callbacks.hasFollowed(paymentId), 'the callback followed the redirect instead');
      const { retryMs } = session.kit.options.pace;
      ensure(
        received.length > 1,
        `a callback that was ${what} did not come again within ${retryMs / 1_000} s`,
      );
    },
  };
}

/** What the external sends by itself once a payment is final. */
export const CALLBACK_CHECKS: readonly Check[] = [
  {
    id: 'callback',
    level: 'should',
    title: 'A payment that becomes final sends a callback that names it',
    spec: '§5',
    mend: 'Call GET or POST {gateway}/v3/{external}/callback?paymentId=… when a PENDING payment becomes final. Without it, callers wait for the next query.',
    slow: true,
    run: async (session) => {
      const paymentId = await pendingPayment(session, first());
      try {
        await callbacksOf(session, paymentId, 1);
      } catch (error) {
        if (error instanceof NotTried && error.message === noCallback(session))
          throw new CheckFailed(error.message);
        throw error;
      }
    },
  },
  {
    id: 'callback-after-commit',
    level: 'must',
    title: 'The new status can be queried when the callback comes',
    spec: '§2',
    mend: 'Commit the new state before you send the callback: the gateway queries /status at once and believes that answer.',
    slow: true,
    run: async (session) => {
      const seen: (string | undefined)[] = [];
      const paymentId = await pendingPayment(session, async ({ target }): Promise<CallbackAnswer> => {
        const named = new URL(target, 'http://gateway').searchParams.get('paymentId');
        const { outcome } = await session.status({ paymentId: named ?? paymentId });
        seen.push(outcome.kind === 'completed' ? outcome.answer.status : undefined);
        return 200;
      });
      await callbacksOf(session, paymentId, 1);
      const { pollMs } = session.kit.options.pace;
      while (seen.length === 0) await session.sleep(pollMs);
      const [status] = seen;
      ensure(status !== undefined, 'when the callback came, /status did not know the payment');
      ensure(status !== 'PENDING', 'when the callback came, /status answered PENDING');
    },
  },
  {
    id: 'callback-credentials',
    level: 'must',
    title: 'Callbacks have the credentials of `callbackAuth`',
    spec: '§6',
    mend: 'Sign callbacks as "Callbacks" in docs/writing-an-external.md says, or send the bearer or basic credentials that are configured.',
    slow: true,
    run: async (session) => {
      if (session.kit.options.external.callbackAuth.type === 'none')
        throw new NotTried('without "callbackAuth" in the entry of --config');
      const paymentId = await pendingPayment(session, first());
      const [callback] = await callbacksOf(session, paymentId, 1);
      ensure(
        callback?.refusal === undefined,
        `the gateway would refuse the callback: wrong or missing ${callback?.refusal}`,
      );
    },
  },
  {
    id: 'callback-retry-503',
    level: 'should',
    title: 'A callback that was answered 503 comes again',
    spec: '§5',
    mend: 'Repeat a callback until it is answered 2xx.',
    ...isRetried('answered 503', 503),
  },
  {
    id: 'callback-retry-302',
    level: 'should',
    title: 'A callback that was answered 302 comes again, to the same address',
    spec: '§5',
    mend: 'Do not follow redirects of a callback, and repeat it: the answer came from something in front of the gateway.',
    ...isRetried('answered 302', 302),
  },
  {
    id: 'callback-retry-timeout',
    level: 'should',
    title: 'A callback without an answer comes again',
    spec: '§5',
    mend: 'Give up waiting for an answer after 10 s, and repeat the callback.',
    ...isRetried('not answered', 'silence'),
  },
  {
    id: 'callback-gaps',
    level: 'should',
    title: 'The gaps between the attempts of a callback grow',
    spec: '§5',
    mend: 'Wait longer after each attempt, for example twice as long: a gateway that restarts is not helped by a flood.',
    slow: true,
    run: async (session) => {
      const paymentId = await pendingPayment(session, first(503, 503));
      const [one, two, three] = await callbacksOf(session, paymentId, 3);
      if (!one || !two || !three) throw new NotTried('fewer than three attempts came');
      const gaps = [two.atMs - one.atMs, three.atMs - two.atMs] as const;
      ensure(
        gaps[1] > gaps[0] * GROWTH,
        `the gaps are ${gaps.map((gap) => `${Math.round(gap)} ms`).join(' and ')}`,
      );
    },
  },
];
