import type { AnswerTo } from '../../../../src/providers/answers.js';
import type { Check } from '../check.js';
import { CheckFailed, NotOffered, NotTried } from '../check-errors.js';
import { detailOf, ensure, isNotSupported, paid, paidWith, requireRefunded } from '../expect.js';
import type { PayBody, Reply, Session } from '../session.js';

const AT_ONCE = 8;
/** A repeat that says "still running" has no answer yet: the gateway tries again. */
const RUNNING = [408, 409, 425];
const RUNNING_TRIES = 10;

/** The answer to a repeat, once the first request has ended. */
async function ended<A>(session: Session, repeat: () => Promise<Reply<A>>): Promise<Reply<A>> {
  for (let tries = 1; ; tries += 1) {
    const reply = await repeat();
    const { outcome } = reply;
    const isRunning = outcome.kind === 'unknown' && RUNNING.includes(outcome.status ?? 0);
    if (!isRunning || tries === RUNNING_TRIES) return reply;
    await session.sleep(session.kit.options.pace.pollMs);
  }
}

function repeated(session: Session, body: PayBody, key: string): Promise<Reply<AnswerTo<'pay'>>> {
  return ended(session, () => session.pay(body, { key }));
}

/** Requires that a repeat was answered, and returns the payment that it names. */
function paymentIdOf(reply: Reply<AnswerTo<'pay'>>, what: string): string {
  const { outcome } = reply;
  if (outcome.kind !== 'completed') throw new CheckFailed(`${what}: ${detailOf(outcome)}`, reply.exchanged);
  const { result, paymentId } = outcome.answer;
  ensure(paymentId !== undefined, `${what} was answered ${result}`, reply);
  return paymentId;
}

/** A payment and its repeat, one after the other. */
async function requireKeys(session: Session): Promise<void> {
  await session.kit.fact('keys', async () => {
    const body = session.payBody();
    const key = session.newKey();
    const first = paymentIdOf(await session.pay(body, { key }), 'the payment');
    const reply = await repeated(session, body, key);
    const second = paymentIdOf(reply, 'the repeat with the same key');
    if (first !== second) throw new NotOffered('a repeat with the same key is executed again');
  });
}

/** The same before a check that is about more than a plain repeat. */
async function keysAreHonoured(session: Session): Promise<void> {
  try {
    await requireKeys(session);
  } catch (error) {
    if (error instanceof CheckFailed) throw new NotTried('a plain repeat fails already (key-repeat)');
    throw error;
  }
}

/**
 * Sends a request, and cuts the connection once it is on the wire. The gateway's repeat comes a little later.
 * @param afterMs 0: at once
 * @throws NotTried where the answer is quicker
 */
async function cutAfterSending(
  session: Session,
  send: (options: { readonly cut: AbortSignal; readonly beforeSend: () => void }) => Promise<Reply<unknown>>,
  afterMs = 0,
): Promise<void> {
  const cut = new AbortController();
  const beforeSend = (): void => {
    if (afterMs > 0) setTimeout(() => cut.abort(), afterMs);
    else setImmediate(() => cut.abort());
  };
  const { outcome } = await send({ cut: cut.signal, beforeSend });
  if (outcome.kind === 'completed') throw new NotTried('it answers before the connection can be cut');
  await session.sleep(2 * session.kit.options.pace.pollMs);
}

/** Pays, cuts, and requires that two repeats name one payment. */
async function requireOneAfterCut(session: Session, body: PayBody, afterMs?: number): Promise<void> {
  const key = session.newKey();
  await cutAfterSending(session, (options) => session.pay(body, { ...options, key }), afterMs);
  const one = paymentIdOf(await repeated(session, body, key), 'the repeat after a cut');
  const reply = await repeated(session, body, key);
  ensure(one === paymentIdOf(reply, 'the second repeat'), 'two repeats after a cut name two payments', reply);
}

/** Refunds, cuts, repeats, and requires that the refund counted once: the rest shows it. */
async function requireRefundedOnceAfterCut(session: Session): Promise<void> {
  const { paymentId, amount, currency } = await paid(session);
  const part = Math.max(1, Math.floor(amount * 0.6));
  const refund = { paymentId, currency, amount: part };
  const key = session.newKey();
  await cutAfterSending(session, (options) => session.refund(refund, { ...options, key }));
  const repeat = await ended(session, () => session.refund(refund, { key }));
  if (isNotSupported(repeat.outcome)) return;
  requireRefunded(repeat, 'the repeat of a refund after a cut');
  const rest = await session.refund({ ...refund, amount: amount - part });
  requireRefunded(rest, 'the rest, after a refund that was cut and repeated,');
}

/** Requires that a key was refused because it came with `what`. */
function requireKeyRefused(reply: Reply<AnswerTo<'pay'>>, what: string): void {
  const { outcome } = reply;
  if (outcome.kind === 'rejected') return;
  const reason =
    outcome.kind === 'completed' ? ' was answered as if it were the same request' : `: ${detailOf(outcome)}`;
  throw new CheckFailed(`a key with ${what}${reason}`, reply.exchanged);
}

const honours = { level: 'offers', capability: 'honoursIdempotencyKey', spec: '§4' } as const;

/** Proves `honoursIdempotencyKey`: the gateway sends an operation again, and it is executed once. */
export const KEY_CHECKS: readonly Check[] = [
  {
    ...honours,
    id: 'key-repeat',
    title: 'A repeat with the same key gets the answer of the first request',
    mend: 'Store each `Idempotency-Key` with the effect and its answer in one transaction; answer a repeat from there.',
    run: requireKeys,
  },
  {
    ...honours,
    id: 'key-at-once',
    title: 'Of eight requests at once with the same key, one is executed',
    mend: 'Make the key unique in the database, and let the other requests wait for the first one (or answer 409).',
    run: async (session) => {
      await keysAreHonoured(session);
      const body = session.payBody();
      const key = session.newKey();
      await session.warmUp(AT_ONCE);
      const replies = await Promise.all(Array.from({ length: AT_ONCE }, () => repeated(session, body, key)));
      const ids = new Set(replies.map((reply) => paymentIdOf(reply, 'one of eight at once')));
      ensure(ids.size === 1, `eight requests at once with one key made ${ids.size} payments`, replies.at(-1));
    },
  },
  {
    ...honours,
    id: 'key-while-slow',
    title: 'A repeat while the first request is still running is not executed',
    mend: 'Write the key down before you execute, so that a repeat finds it while the first request runs.',
    slow: true,
    run: async (session) => {
      await keysAreHonoured(session);
      const { pollMs } = session.kit.options.pace;
      const { reply } = await paidWith(session, 'slow', ['OK', 'PENDING', 'REDIRECT_TO_URL']);
      if (reply.exchanged!.durationMs < 2 * pollMs)
        throw new NotTried('a payment with the data for "slow" is answered at once');
      const key = session.newKey();
      const body = session.payBody(session.sandbox('slow'));
      const running = session.pay(body, { key });
      await session.sleep(pollMs);
      const repeat = await repeated(session, body, key);
      const one = paymentIdOf(await running, 'the slow payment');
      const two = paymentIdOf(repeat, 'the repeat while it was running');
      ensure(one === two, 'a repeat while the first request was running made a second payment', repeat);
    },
  },
  {
    ...honours,
    id: 'key-after-cut',
    title: 'A repeat after a cut connection is not executed again',
    mend: 'Finish a request whose caller has gone, and answer its repeat from what was stored.',
    run: async (session) => {
      await keysAreHonoured(session);
      await requireOneAfterCut(session, session.payBody());
      const { slow } = session.data;
      const { pollMs } = session.kit.options.pace;
      if (slow && session.data.given) await requireOneAfterCut(session, session.payBody(slow), pollMs);
      await requireRefundedOnceAfterCut(session);
    },
  },
  {
    ...honours,
    id: 'key-other-body',
    title: 'A key with another amount or order is refused',
    mend: 'Store a digest of the request with the key; answer 422 to another one, and execute nothing.',
    run: async (session) => {
      await keysAreHonoured(session);
      const body = session.payBody();
      const key = session.newKey();
      paymentIdOf(await session.pay(body, { key }), 'the payment');
      for (const [what, other] of [
        ['amount', { ...body, amount: body.amount + 1 }],
        ['order', { ...body, shopTransactionId: session.newOrder() }],
      ] as const) {
        requireKeyRefused(await session.pay(other, { key }), `another ${what}`);
      }
    },
  },
  {
    ...honours,
    id: 'key-other-data',
    title: 'A key with other `providerData` is refused',
    mend: 'Let the digest that you store with the key cover `providerData` too: it decides which card pays.',
    run: async (session) => {
      await keysAreHonoured(session);
      const { providerData } = session.sandbox('declined');
      if (!providerData) throw new NotTried('the data for "declined" has no providerData');
      // Proves that the external reads this data: what it ignores may be no part of its digest.
      await paidWith(session, 'declined', ['KO']);
      const body = session.payBody();
      const key = session.newKey();
      paymentIdOf(await session.pay(body, { key }), 'the payment');
      const reply = await session.pay({ ...body, providerData }, { key });
      requireKeyRefused(reply, 'other providerData');
    },
  },
  {
    ...honours,
    id: 'key-other-path',
    title: 'A key of one operation says nothing about another one',
    mend: 'Scope keys to the path.',
    run: async (session) => {
      await keysAreHonoured(session);
      const body = session.payBody();
      const key = session.newKey();
      const paymentId = paymentIdOf(await session.pay(body, { key }), 'the payment');
      const { amount, currency } = body;
      const reply = await session.refund({ paymentId, amount, currency }, { key });
      if (isNotSupported(reply.outcome)) throw new NotTried('refund is not offered');
      requireRefunded(reply, 'a refund with the key of the payment');
      const again = await session.refund({ paymentId, amount, currency });
      ensure(
        again.outcome.kind === 'rejected' ||
          (again.outcome.kind === 'completed' && again.outcome.answer.result === 'KO'),
        'a refund with the key of the payment was answered, but not executed',
        reply,
      );
    },
  },
  {
    ...honours,
    id: 'key-refund',
    title: 'A refund that is repeated with its key counts once',
    mend: 'Honour keys for every POST and DELETE, not for /pay alone.',
    run: async (session) => {
      await keysAreHonoured(session);
      const { paymentId, amount, currency } = await paid(session);
      const part = Math.max(1, Math.floor(amount * 0.6));
      const key = session.newKey();
      const first = await session.refund({ paymentId, currency, amount: part }, { key });
      if (isNotSupported(first.outcome)) throw new NotTried('refund is not offered');
      requireRefunded(first, 'a refund');
      requireRefunded(
        await session.refund({ paymentId, currency, amount: part }, { key }),
        'the repeat of a refund',
      );
      requireRefunded(
        await session.refund({ paymentId, currency, amount: amount - part }),
        'the rest, after a refund and its repeat,',
      );
    },
  },
  {
    ...honours,
    id: 'key-after-restart',
    title: 'Keys survive a restart',
    mend: 'Store keys in the database and not in memory: a repeat often comes because the external has restarted.',
    slow: true,
    run: async (session) => {
      const { restart } = session.kit.options;
      if (!restart) throw new NotTried('without --restart');
      await keysAreHonoured(session);
      const body = session.payBody();
      const key = session.newKey();
      const one = paymentIdOf(await session.pay(body, { key }), 'the payment');
      await restart();
      const reply = await repeated(session, body, key);
      ensure(
        one === paymentIdOf(reply, 'the repeat after a restart'),
        'a repeat after a restart made a second payment',
        reply,
      );
    },
  },
];
