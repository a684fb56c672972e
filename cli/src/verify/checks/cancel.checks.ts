import type { Check } from '../check.js';
import { CheckFailed, NotTried } from '../check-errors.js';
import { answerOf, ensure, finalStatus, paid, paidWith, requireRefused, requireStatus } from '../expect.js';
import type { Session } from '../session.js';

/** Payments that were made together are settled so close to each other. */
const HOLD_POLLS = 5;

/** A payment that stays PENDING until somebody acts. */
async function pendingPayment(session: Session): Promise<string> {
  const kind = session.data.redirect ? 'redirect' : 'pending';
  const { answer } = await paidWith(session, kind, ['PENDING', 'REDIRECT_TO_URL']);
  return answer.paymentId!;
}

/** Cancels, and requires that the external can do it. */
async function canceled(session: Session): Promise<string> {
  const paymentId = await pendingPayment(session);
  const { result } = answerOf(await session.cancel(paymentId));
  if (result === 'KO')
    throw new NotTried('the external refuses to cancel the pending payment of the sandbox');
  return paymentId;
}

const offers = { level: 'offers', capability: 'cancel', spec: '§4' } as const;

/** Proves `cancel`. */
export const CANCEL_CHECKS: readonly Check[] = [
  {
    ...offers,
    id: 'cancel',
    title: 'A canceled payment can no longer be paid',
    mend: 'Answer OK to /cancel only where the payment can no longer be paid, and FAILED to /status from then on.',
    run: async (session) => {
      const paymentId = await pendingPayment(session);
      const reply = await session.cancel(paymentId);
      const { result } = answerOf(reply);
      if (result !== 'OK') throw new NotTried(`the cancellation of a pending payment was answered ${result}`);
      await requireStatus(session, paymentId, 'FAILED');
    },
  },
  {
    ...offers,
    id: 'cancel-holds',
    title: 'A canceled payment does not become paid later',
    mend: 'Check in the transaction that makes a payment ACCEPTED that it is still PENDING.',
    slow: true,
    run: async (session) => {
      // The other one shows how long the sandbox takes.
      const [one, other] = await Promise.all([
        paidWith(session, 'pending', ['PENDING']),
        paidWith(session, 'pending', ['PENDING']),
      ]);
      const paymentId = one.answer.paymentId!;
      const { result } = answerOf(await session.cancel(paymentId));
      if (result !== 'OK') throw new NotTried(`the cancellation of a pending payment was answered ${result}`);
      const settled = await finalStatus(session, other.answer.paymentId!).catch((error: unknown) => {
        throw error instanceof CheckFailed ? new NotTried('pending payments fail already (pending)') : error;
      });
      if (settled === 'PENDING') throw new NotTried('the payment with the data for "pending" stays PENDING');
      await session.sleep(HOLD_POLLS * session.kit.options.pace.pollMs);
      await requireStatus(session, paymentId, 'FAILED');
    },
  },
  {
    ...offers,
    id: 'cancel-again',
    title: 'A payment that is canceled again is answered OK again',
    mend: 'Answer OK for a payment that has failed already: the caller may not have received the first answer.',
    run: async (session) => {
      const paymentId = await canceled(session);
      const reply = await session.cancel(paymentId);
      ensure(
        answerOf(reply).result !== 'KO',
        'a second cancellation with another key was answered KO',
        reply,
      );
    },
  },
  {
    ...offers,
    id: 'cancel-paid',
    title: 'A payment that is paid cannot be canceled',
    mend: 'Answer KO for a payment that is ACCEPTED, and leave it as it is. Money goes back by /refund alone.',
    run: async (session) => {
      const { paymentId } = await paid(session);
      requireRefused(await session.cancel(paymentId), 'the cancellation of a paid payment');
      await requireStatus(session, paymentId, 'ACCEPTED');
    },
  },
  {
    ...offers,
    id: 'cancel-unknown',
    title: 'A payment that was never received cannot be canceled',
    mend: 'Answer 404 with a JSON object where the payment does not exist.',
    run: async (session) => {
      requireRefused(
        await session.cancel(`${session.newOrder()}-unknown`),
        'the cancellation of an unknown payment',
      );
    },
  },
];
