import { describe, expect, it } from '@jest/globals';
import { possibleActions } from './possible-actions';

const ALL = { act: true, settle: true };
const EXTERNAL = {
  operations: ['pay', 'status', 'refund', 'cancel'],
  statusByShopTransactionId: false,
};
const ACCEPTED = {
  state: 'ACCEPTED',
  paymentId: 'pm_1',
  amount: 2_000,
  refundedAmount: 0,
  notifications: [],
  events: [],
} as const;

const RESOLVED = {
  id: 'evt_1',
  at: '2026-01-31T12:00:00.150Z',
  source: 'operator',
  before: 'UNKNOWN',
  after: 'ACCEPTED',
  cause: 'ops: ticket 1',
} as const;

const offered = (payment: object, external = EXTERNAL, allowed = ALL): readonly string[] =>
  Object.entries(possibleActions({ ...ACCEPTED, ...payment }, external, allowed))
    .filter(([, value]) => value !== false && value !== undefined)
    .map(([name]) => name);

describe('possibleActions', () => {
  it.each([
    ['an accepted payment', {}, ['check', 'refund']],
    ['one that is refunded', { refundedAmount: 2_000 }, ['check']],
    ['a pending payment', { state: 'PENDING' }, ['check', 'cancel']],
    ['a parked payment', { state: 'PENDING', parkedAt: '2026-01-31' }, ['check', 'resolve', 'cancel']],
    ['an unknown payment', { state: 'UNKNOWN', paymentId: undefined }, ['resolve']],
    ['one that an operator has resolved', { events: [RESOLVED] }, ['check', 'correct', 'refund']],
    [
      'a dead notification',
      { notifications: [{ id: 'ntf_1', state: 'DEAD' }] },
      ['check', 'refund', 'replay'],
    ],
  ])('of %s', (_what, payment, actions) => {
    expect(offered(payment)).toEqual(actions);
  });

  it('are those that the scopes allow', () => {
    expect(offered({}, EXTERNAL, { act: true, settle: false })).toEqual(['check']);
    expect(offered({}, EXTERNAL, { act: false, settle: false })).toEqual([]);
  });

  it('are those that the external offers', () => {
    expect(offered({ state: 'PENDING' }, { operations: ['pay'], statusByShopTransactionId: false })).toEqual(
      [],
    );
  });
});
