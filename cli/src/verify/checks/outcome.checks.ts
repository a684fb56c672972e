import type { Check } from '../check.js';
import { answerOf, ensure, paid, paidWith, requireStatus } from '../expect.js';

/** Declines, and results that follow later. They need data of the author's sandbox. */
export const OUTCOME_CHECKS: readonly Check[] = [
  {
    id: 'declined',
    level: 'must',
    title: 'A decline is final: KO, and FAILED from then on',
    spec: '§4',
    mend: 'Answer `result` KO only where nothing was and will be charged, and FAILED to /status afterwards.',
    run: async (session) => {
      const { answer } = await paidWith(session, 'declined', ['KO']);
      if (answer.paymentId !== undefined) await requireStatus(session, answer.paymentId, 'FAILED');
    },
  },
  {
    id: 'declined-again',
    level: 'must',
    title: 'An order that was declined can be paid afterwards',
    spec: '§4',
    mend: 'Make each attempt a payment of its own: an order may have several, one after the other.',
    run: async (session) => {
      const { body, answer } = await paidWith(session, 'declined', ['KO']);
      const { shopTransactionId } = body;
      const payment = await paid(session, { shopTransactionId });
      await requireStatus(session, payment.paymentId, 'ACCEPTED');
      if (answer.paymentId === undefined || answer.paymentId === payment.paymentId) return;
      await requireStatus(session, answer.paymentId, 'FAILED');
    },
  },
  {
    id: 'pending',
    level: 'must',
    title: 'A pending payment is known as soon as it was answered',
    spec: '§2',
    mend: 'Commit a pending payment before you answer. 404 to /status says that you have never received it.',
    run: async (session) => {
      const { answer } = await paidWith(session, 'pending', ['PENDING', 'REDIRECT_TO_URL']);
      const reply = await session.status({ paymentId: answer.paymentId! });
      const isUnknown = reply.outcome.kind === 'rejected' && reply.outcome.reason === 'not-found';
      ensure(!isUnknown, 'a payment that was answered PENDING is not known to /status', reply);
      answerOf(reply);
    },
  },
  {
    id: 'redirect',
    level: 'must',
    title: 'A payment that a payer has to approve names its page, and is PENDING',
    spec: '§1',
    mend: 'Answer REDIRECT_TO_URL with `redirectToUrl` or `redirectToUrlMobile`, and PENDING to /status until the payer has decided.',
    run: async (session) => {
      const { answer } = await paidWith(session, 'redirect', ['REDIRECT_TO_URL'], {
        successRedirectUrl: 'https://shop.example/thanks',
        failureRedirectUrl: 'https://shop.example/sorry',
      });
      await requireStatus(session, answer.paymentId!, 'PENDING');
    },
  },
];
