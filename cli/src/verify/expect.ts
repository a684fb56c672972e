import type { AnswerTo } from '../../../src/providers/answers.js';
import type { ProviderOutcome } from '../../../src/providers/provider-outcome.js';
import { CheckFailed, NotOffered, NotTried } from './check-errors.js';
import type { Exchanged } from './recording-client.js';
import type { PayBody, Reply, Session } from './session.js';

/** A payment that the external has accepted. */
export interface Payment extends PayBody {
  readonly paymentId: string;
}

/** @throws CheckFailed unless `condition` */
export function ensure(condition: boolean, reason: string, reply?: Reply<unknown>): asserts condition {
  if (!condition) throw new CheckFailed(reason, reply?.exchanged);
}

/**
 * The answer of the contract.
 * @throws NotOffered where the external does not offer the operation; CheckFailed for every other end
 */
export function answerOf<A>(reply: Reply<A>): A {
  const { outcome, operation } = reply;
  if (outcome.kind === 'completed') return outcome.answer;
  if (isNotSupported(outcome)) throw new NotOffered(`${operation} is not offered`);
  throw new CheckFailed(`${operation}: ${detailOf(outcome)}`, reply.exchanged);
}

/**
 * Requires that nothing was executed, and that the external says so: `KO`, or a 4xx.
 * @param what the request, as a noun phrase
 */
export function requireRefused(reply: Reply<{ readonly result?: string }>, what: string): void {
  const { outcome, operation } = reply;
  if (isNotSupported(outcome)) throw new NotOffered(`${operation} is not offered`);
  if (outcome.kind === 'completed') {
    ensure(outcome.answer.result === 'KO', `${what} was answered ${outcome.answer.result}`, reply);
    return;
  }
  ensure(outcome.kind === 'rejected', `${what}: ${detailOf(outcome)}`, reply);
}

/** Requires a 4xx: the request is not one of the contract, so that even a decline (`KO`) would be a guess. */
export function requireRejected(reply: Reply<{ readonly result?: string }>, what: string): void {
  const { outcome } = reply;
  if (outcome.kind === 'completed')
    throw new CheckFailed(`${what} was answered ${outcome.answer.result}`, reply.exchanged);
  if (outcome.kind === 'rejected' || isNotSupported(outcome)) return;
  throw new CheckFailed(`${what}: ${detailOf(outcome)}`, reply.exchanged);
}

/**
 * Pays and requires ACCEPTED, waiting where the sandbox answers PENDING.
 * @throws CheckFailed
 */
export async function paid(session: Session, fields: Partial<PayBody> = {}): Promise<Payment> {
  const body = session.payBody(session.data.accepted, fields);
  const reply = await session.pay(body);
  const { result, paymentId } = answerOf(reply);
  ensure(
    result !== 'KO' && paymentId !== undefined,
    `a payment of ${body.amount} ${body.currency} with the data for "accepted" was declined`,
    reply,
  );
  if (result !== 'OK') {
    const status = await finalStatus(session, paymentId);
    ensure(status === 'ACCEPTED', `the payment was answered ${result} and is ${status} in the end`);
  }
  return { ...body, paymentId };
}

/**
 * Pays with sandbox data and requires one of `results`.
 * @throws NotTried where the data is that of the simulator, which the external does not know
 */
export async function paidWith(
  session: Session,
  kind: 'declined' | 'pending' | 'redirect' | 'slow',
  results: readonly string[],
  fields: Partial<PayBody> = {},
): Promise<{
  readonly body: PayBody;
  readonly answer: AnswerTo<'pay'>;
  readonly reply: Reply<AnswerTo<'pay'>>;
}> {
  const body = session.payBody(session.sandbox(kind), fields);
  const reply = await session.pay(body);
  const isUnknownData = !session.data.given && reply.outcome.kind === 'rejected';
  const answer = isUnknownData ? undefined : answerOf(reply);
  if (!answer || !results.includes(answer.result)) {
    const reason = `the data for "${kind}" gave ${answer?.result ?? 'a refusal'}, not ${results.join(' or ')}`;
    if (session.data.given) throw new CheckFailed(reason, reply.exchanged);
    throw new NotTried(
      `the external does not know the simulator's data for "${kind}": give its own by --data`,
    );
  }
  return { body, answer, reply };
}

/** The status once it is not PENDING; `PENDING` where it stays so. */
export async function finalStatus(session: Session, paymentId: string): Promise<string> {
  const { settleMs, pollMs } = session.kit.options.pace;
  const until = performance.now() + settleMs;
  for (;;) {
    const { status } = answerOf(await session.status({ paymentId }));
    if (status !== 'PENDING' || performance.now() > until) return status;
    await session.sleep(pollMs);
  }
}

/** Requires that the payment has this status now. */
export async function requireStatus(session: Session, paymentId: string, status: string): Promise<void> {
  const reply = await session.status({ paymentId });
  const answer = answerOf(reply);
  ensure(answer.status === status, `the payment is ${answer.status}, not ${status}`, reply);
}

/** A refund that counts: executed, or accepted for later. */
export function requireRefunded(reply: Reply<AnswerTo<'refund'>>, what: string): AnswerTo<'refund'> {
  const answer = answerOf(reply);
  ensure(answer.result !== 'KO', `${what} was answered KO`, reply);
  return answer;
}

export function isNotSupported(outcome: ProviderOutcome<unknown>): boolean {
  return outcome.kind === 'not-executed' && outcome.reason === 'not-supported';
}

export function detailOf(outcome: Exclude<ProviderOutcome<unknown>, { kind: 'completed' }>): string {
  const text =
    outcome.kind === 'rejected' ? `it answered ${outcome.status} (${outcome.detail})` : outcome.detail;
  return text.replace(/\.$/, '');
}

/** The body of an answer as it was received. Undefined where it is no JSON. */
export function jsonOf(exchanged: Exchanged | undefined): unknown {
  try {
    return exchanged && 'body' in exchanged.end ? JSON.parse(exchanged.end.body.toString()) : undefined;
  } catch {
    return undefined;
  }
}
