import { describe, expect, it } from '@jest/globals';
import { TestClock } from '../../test/support/test-clock.js';
import { CallStats } from './call-stats.js';
import type { ProviderOutcome } from './provider-outcome.js';

const DONE: ProviderOutcome<object> = { kind: 'completed', answer: {} };

describe('CallStats', () => {
  it('reports when the external last answered, and how it last failed', () => {
    const clock = new TestClock(1_000);
    const ends = new CallStats(clock);
    ends.record(DONE, 5);
    clock.advance(10);
    ends.record({ kind: 'unknown', reason: 'timeout', detail: 'No answer came in time.' }, 100);
    clock.advance(10);
    // Says nothing of the external.
    ends.record({ kind: 'not-executed', reason: 'circuit-open', detail: '', retryAfterMs: 1 }, undefined);
    expect(ends.snapshot()).toMatchObject({
      lastSuccessAt: 1_000,
      lastFailureAt: 1_010,
      lastFailure: 'timeout: No answer came in time.',
    });
  });

  it('reports the latency of the last 128 calls that were sent', () => {
    const ends = new CallStats(new TestClock());
    expect(ends.snapshot().latency).toBeUndefined();
    ends.record(DONE, undefined);
    expect(ends.snapshot().latency).toBeUndefined();
    ends.record(DONE, 7);
    expect(ends.snapshot().latency).toEqual({ calls: 1, p50Ms: 7, p95Ms: 7 });
    for (let call = 0; call < 200; call += 1) ends.record(DONE, call);
    // 72 to 199 are left.
    expect(ends.snapshot().latency).toEqual({ calls: 128, p50Ms: 136, p95Ms: 193 });
  });
});
