import { beforeEach, describe, expect, it } from '@jest/globals';
import { TestClock } from '../../test/support/test-clock.js';
import type { Circuit } from '../outbound/circuit-breaker.js';
import { ReceiverBreaker } from './receiver-breaker.js';

describe('ReceiverBreaker', () => {
  let clock: TestClock;
  let changes: Circuit[];
  let breaker: ReceiverBreaker;

  beforeEach(() => {
    clock = new TestClock();
    changes = [];
    breaker = new ReceiverBreaker(clock, (circuit) => changes.push(circuit));
  });

  const fail = (payments: number, from = 0): void => {
    for (let i = from; i < from + payments; i += 1) breaker.end(`pay_${i}`, 'unwell');
  };
  const probe = (receiver: 'well' | 'unwell' | 'undecided'): void => {
    expect(breaker.admit(32)).toEqual({ limit: 1, probes: true });
    breaker.probe('pay_probe');
    expect(breaker.admit(32).limit).toBe(0);
    breaker.end('pay_probe', receiver);
  };

  it('opens after ten payments in a row have failed', () => {
    fail(9);
    expect(breaker.admit(32)).toEqual({ limit: 32, probes: false });
    fail(1, 9);
    expect(breaker.admit(32).limit).toBe(0);
    expect(breaker.circuit).toBe('open');
    expect(changes).toEqual(['open']);
  });

  it('does not open for one payment that always fails, nor when one is accepted in between', () => {
    for (let i = 0; i < 100; i += 1) breaker.end('pay_1', 'unwell');
    fail(8);
    breaker.end('pay_good', 'well');
    fail(9);
    breaker.end('pay_nobody_knows', 'undecided');
    expect(breaker.circuit).toBe('closed');
    expect(changes).toEqual([]);
  });

  it('probes with one after the pause, and closes when it is accepted', () => {
    fail(10);
    clock.advance(1_000);
    expect(breaker.circuit).toBe('half-open');
    probe('well');
    expect(breaker.admit(32)).toEqual({ limit: 32, probes: false });
    expect(changes).toEqual(['open', 'closed']);
  });

  it('pauses twice as long after each probe that fails, half a minute at most', () => {
    fail(10);
    for (const pauseMs of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      clock.advance(Math.floor(pauseMs * 0.75) - 1);
      expect(breaker.admit(32).limit).toBe(0);
      clock.advance(Math.ceil(pauseMs * 0.25) + 1);
      probe('unwell');
    }
    expect(changes).toEqual(['open']);
  });

  it('tries another probe where one ended undecided', () => {
    fail(10);
    clock.advance(1_000);
    probe('undecided');
    probe('well');
    expect(breaker.circuit).toBe('closed');
  });

  it('ignores a late failure, but counts a late success', () => {
    fail(10);
    fail(22, 10);
    clock.advance(1_000);
    expect(breaker.admit(32)).toEqual({ limit: 1, probes: true });
    breaker.probe('pay_probe');
    fail(5, 40);
    expect(breaker.admit(32).limit).toBe(0);
    breaker.end('pay_slow', 'well');
    expect(breaker.circuit).toBe('closed');
  });

  it('is not held up by a clock that was set back', () => {
    fail(10);
    clock.advance(-86_400_000);
    expect(breaker.admit(32)).toEqual({ limit: 1, probes: true });
  });

  it('begins nothing where nothing was claimed', () => {
    fail(10);
    clock.advance(1_000);
    breaker.probe(undefined);
    expect(breaker.admit(32)).toEqual({ limit: 1, probes: true });
  });
});
