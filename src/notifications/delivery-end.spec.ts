import { describe, expect, it } from '@jest/globals';
import { retryAfterMs } from '../outbound/retry-after.js';
import { type DeliveryOutcome, isReceiverFailing, attemptResultOf } from './delivery-end.js';

const answered = (statusCode: number): DeliveryOutcome => ({
  kind: 'answered',
  answer: { statusCode, retryAfter: undefined, text: '' },
});

describe('the end of a delivery', () => {
  it.each([
    [200, 'delivered', false],
    [204, 'delivered', false],
    [299, 'delivered', false],
    [300, 'failed', false],
    [302, 'failed', false],
    [401, 'failed', false],
    [404, 'failed', false],
    [408, 'failed', true],
    [410, 'gone', false],
    [429, 'failed', true],
    [500, 'failed', true],
    [503, 'failed', true],
  ])('status %d: %s, receiver failing: %s', (statusCode, expected, failing) => {
    expect(attemptResultOf(answered(statusCode))).toBe(expected);
    expect(isReceiverFailing(answered(statusCode))).toBe(failing);
  });

  it('no answer is a failure of the receiver, and nothing sent is none', () => {
    expect(attemptResultOf({ kind: 'broken', error: 'ECONNREFUSED' })).toBe('failed');
    expect(isReceiverFailing({ kind: 'broken', error: 'ECONNREFUSED' })).toBe(true);
    expect(attemptResultOf({ kind: 'not-sent' })).toBe('not-sent');
    expect(isReceiverFailing({ kind: 'not-sent' })).toBe(false);
  });
});

describe('Retry-After', () => {
  const NOW_MS = Date.UTC(2026, 0, 15, 12);

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 5 ', 5_000],
    ['Thu, 15 Jan 2026 12:01:00 GMT', 60_000],
    ['Thu, 15 Jan 2026 11:00:00 GMT', 0],
    ['Thu, 99 Jan 2026 11:00:00 GMT', 0],
    ['soon', 0],
    ['-1', 0],
    ['1.5', 1_500],
    ['9999999999', 9_999_999_999_000],
    ['', 0],
    [undefined, 0],
  ])('%j is a wait of %d ms', (header, waitMs) => {
    expect(retryAfterMs(header, NOW_MS)).toBe(waitMs);
  });
});
