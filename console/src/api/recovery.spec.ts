import { describe, expect, it } from '@jest/globals';
import { TollgateError } from '@tollgate/client';
import { recoveryMs } from './recovery';

const failure = (status: number | undefined, retryAfterMs?: number): TollgateError =>
  new TollgateError({ code: 'internal-error', detail: '', status, retryAfterMs });

describe('recoveryMs', () => {
  it.each([
    ['no answer', failure(undefined), 10_000],
    ['another error', new TypeError('x'), 10_000],
    ['500', failure(500), 10_000],
    ['503 with Retry-After', failure(503, 30_000), 30_000],
    ['429 with Retry-After', failure(429, 0), 1_000],
    ['403', failure(403), 10_000],
    ['401', failure(401), false],
    ['404', failure(404), false],
  ])('after %s', (_name, error, ms) => {
    expect(recoveryMs(error)).toBe(ms);
  });
});
