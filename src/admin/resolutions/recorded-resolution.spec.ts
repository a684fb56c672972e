import { describe, expect, it } from '@jest/globals';
import type { LedgerEventRow } from '../../operations/ledger-event.table.js';
import { recordedResolution } from './recorded-resolution.js';

function event(
  id: string,
  source: LedgerEventRow['source'],
  before: string,
  after: string,
  cause = 'op_1',
): LedgerEventRow {
  return {
    id,
    payment_ref: 'pay_1',
    refund_ref: null,
    subscription_ref: null,
    at: 1,
    source,
    before,
    after,
    cause,
  };
}

const BY_ANNE = 'anne: the bank says so';

describe('recordedResolution', () => {
  const resolved = event('evt_3', 'operator', 'UNKNOWN', 'ACCEPTED', BY_ANNE);

  it('finds the resolution that gave the payment its state', () => {
    const events = [event('evt_1', 'call', 'CREATED', 'UNKNOWN'), resolved];
    expect(recordedResolution(events, 'ACCEPTED')).toEqual({
      setting: resolved,
      latest: resolved,
      acts: [resolved],
    });
  });

  it('finds it where an event before it sorts after it, since another replica wrote it', () => {
    const reopened = event('evt_4', 'call', 'FAILED', 'UNKNOWN');
    expect(recordedResolution([resolved, reopened], 'ACCEPTED')?.setting).toBe(resolved);
  });

  it('names the confirmation that came later as the one to correct', () => {
    const confirmed = event('evt_4', 'operator', 'ACCEPTED', 'ACCEPTED', BY_ANNE);
    expect(recordedResolution([resolved, confirmed], 'ACCEPTED')).toMatchObject({
      setting: resolved,
      latest: confirmed,
    });
  });

  it.each([
    [
      'an answer of the external has set the state since',
      [resolved, event('evt_4', 'check', 'ACCEPTED', 'FAILED')],
    ],
    [
      'the answer to a refund that an operator ordered has set it',
      [event('evt_4', 'operator', 'UNKNOWN', 'FAILED')],
    ],
    ['nothing was recorded', []],
  ])('finds none where %s', (_, events) => {
    expect(recordedResolution(events, 'FAILED')).toBeUndefined();
  });
});
