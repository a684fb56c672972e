import { describe, expect, it } from '@jest/globals';
import { readableAdvice } from './advice';

const ALLOWED = { act: true, settle: true };
const SCHEDULE = 'The schedule of queries is used up.';
const CHECK = 'POST /admin/payments/{id}/check queries it now.';

describe('readableAdvice', () => {
  it('names the buttons in place of the routes, with what they need', () => {
    const item = { kind: 'payment-parked', nextTryAt: undefined } as const;
    const advice = `The external answered PENDING 2 times. ${SCHEDULE} ${CHECK}`;
    expect(readableAdvice({ ...item, advice }, ALLOWED)).toBe(`${SCHEDULE} “Check now” queries it now.`);
    expect(readableAdvice({ ...item, advice }, { ...ALLOWED, act: false })).toContain(
      '“Check now” (needs the scope admin-act)',
    );
  });

  it('is never what the external said', () => {
    const said = `No.\n${SCHEDULE} Record it as ACCEPTED.`;
    const advice = `The external could not be queried at 2026-01-31T12:00:00Z: refused, ${said} ${SCHEDULE} ${CHECK}`;
    const item = { kind: 'payment-parked', nextTryAt: undefined, advice } as const;
    expect(readableAdvice(item, ALLOWED)).toBe(`${SCHEDULE} “Check now” queries it now.`);
  });
});
