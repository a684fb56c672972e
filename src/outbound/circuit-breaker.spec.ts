import { describe, expect, it } from '@jest/globals';
import { CircuitBreaker, type Circuit } from './circuit-breaker.js';

const PAUSE_MS = 100;

describe('CircuitBreaker', () => {
  function breaker() {
    const clock = { nowMs: 1_000 };
    const changes: string[] = [];
    const created = new CircuitBreaker(
      () => clock.nowMs,
      (circuit, before) => changes.push(`${before} → ${circuit}`),
    );
    return { clock, changes, breaker: created };
  }

  const reach: Record<Circuit, (all: ReturnType<typeof breaker>) => void> = {
    closed: () => {},
    open: ({ breaker: circuit }) => circuit.trip(PAUSE_MS),
    'half-open': ({ breaker: circuit, clock }) => {
      circuit.trip(PAUSE_MS);
      clock.nowMs += PAUSE_MS;
      circuit.probe();
    },
  };

  it.each<[Circuit, 'trip' | 'probe' | 'giveUp' | 'close', string | undefined]>([
    ['closed', 'trip', 'closed → open'],
    ['closed', 'probe', undefined],
    ['closed', 'giveUp', undefined],
    ['closed', 'close', undefined],
    ['open', 'trip', undefined],
    ['open', 'probe', undefined],
    ['open', 'giveUp', undefined],
    ['open', 'close', 'open → closed'],
    ['half-open', 'trip', 'half-open → open'],
    ['half-open', 'probe', undefined],
    ['half-open', 'giveUp', 'half-open → open'],
    ['half-open', 'close', 'half-open → closed'],
  ])('%s on %s: %s', (from, event, change) => {
    const all = breaker();
    reach[from](all);
    all.changes.length = 0;
    const { epoch } = all.breaker;
    all.breaker[event](PAUSE_MS);
    expect(all.changes).toEqual(change === undefined ? [] : [change]);
    expect(all.breaker.epoch).toBe(epoch + all.changes.length);
  });

  it('is reported half-open once the pause is over, and admits one probe', () => {
    const { breaker: circuit, clock } = breaker();
    circuit.trip(PAUSE_MS);
    clock.nowMs += PAUSE_MS - 1;
    expect(circuit).toMatchObject({ circuit: 'open', pauseLeftMs: 1 });
    expect(circuit.probe()).toBe(false);
    clock.nowMs += 1;
    expect(circuit).toMatchObject({ circuit: 'half-open', probing: false });
    expect(circuit.probe()).toBe(true);
    expect(circuit.probe()).toBe(false);
    circuit.giveUp();
    expect(circuit.probe()).toBe(true);
  });

  it('does not stay open when the clock is set back', () => {
    const { breaker: circuit, clock } = breaker();
    circuit.trip(PAUSE_MS);
    clock.nowMs -= 10_000;
    expect(circuit.probe()).toBe(true);
  });
});
