import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { until } from '../../test/support/until.js';
import { ExternalBreaker, isFailure } from './external-breaker.js';
import type { ProviderOutcome } from './provider-outcome.js';

type End = ProviderOutcome<string>;

const success: End = { kind: 'completed', answer: 'x' };
const failure: End = { kind: 'unknown', reason: 'timeout', detail: '' };
const unreachable: End = {
  kind: 'not-executed',
  reason: 'connection-failed',
  detail: '',
  retryAfterMs: undefined,
};

function breaker(overrides: object = {}): { breaker: ExternalBreaker; run: (end: End) => Promise<End> } {
  const created = new ExternalBreaker({ failures: 3, windowMs: 10_000, openMs: 60_000, ...overrides });
  return { breaker: created, run: (end) => created.run(() => Promise.resolve(end)) };
}

describe('ExternalBreaker', () => {
  afterEach(() => {
    jest.useRealTimers();
  });

  it('opens at the last of the failures in a row, and not before', async () => {
    const { breaker: circuit, run } = breaker();
    await run(failure);
    await run(unreachable);
    expect(circuit.circuit).toBe('closed');
    await run(failure);
    expect(circuit.circuit).toBe('open');
    expect(await run(success)).toMatchObject({ kind: 'not-executed', reason: 'circuit-open' });
  });

  it('restarts the count after an answer', async () => {
    const { breaker: circuit, run } = breaker();
    for (const end of [failure, failure, success, failure, failure]) await run(end);
    expect(circuit.circuit).toBe('closed');
    await run(failure);
    expect(circuit.circuit).toBe('open');
  });

  it('stays closed when the failures are further apart than the window', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const { breaker: circuit, run } = breaker({ windowMs: 10_000 });
    await run(failure);
    await run(failure);
    jest.advanceTimersByTime(10_001);
    await run(failure);
    expect(circuit.circuit).toBe('closed');
    await run(failure);
    expect(circuit.circuit).toBe('closed');
    await run(failure);
    expect(circuit.circuit).toBe('open');
  });

  it('opens when the failures lie within the window, its end included', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const { breaker: circuit, run } = breaker({ windowMs: 10_000 });
    await run(failure);
    await run(failure);
    jest.advanceTimersByTime(10_000);
    await run(failure);
    expect(circuit.circuit).toBe('open');
  });

  it('ignores the outcomes of operations that began before it opened', async () => {
    const { breaker: circuit, run } = breaker({ openMs: 30 });
    const late = Array.from({ length: 10 }, () => Promise.withResolvers<End>());
    const calls = late.map(({ promise }) => circuit.run(() => promise));
    for (let count = 0; count < 3; count += 1) await run(failure);
    await until(() => circuit.circuit === 'half-open', 'the circuit to be half open');

    const probe = Promise.withResolvers<End>();
    const probing = circuit.run(() => probe.promise);
    for (const { resolve } of late.slice(0, 5)) resolve(failure);
    await Promise.all(calls.slice(0, 5));
    expect(await run(success)).toMatchObject({ reason: 'circuit-open', retryAfterMs: 1_000 });
    probe.resolve(success);
    expect(await probing).toEqual(success);
    expect(circuit.circuit).toBe('closed');
    for (const { resolve } of late.slice(5)) resolve(failure);
    expect(await Promise.all(calls)).toEqual(calls.map(() => failure));
    expect(circuit.circuit).toBe('closed');
  });

  it('counts a query without a connection or an answer as a failure, and any other as nothing', async () => {
    const { breaker: circuit, run } = breaker();
    const broken: End = { kind: 'unknown', reason: 'server-error', detail: '', status: 500 };
    for (const end of [unreachable, success, broken, failure, success]) circuit.recordQuery(end);
    expect(circuit.circuit).toBe('closed');
    await run(failure);
    expect(circuit.circuit).toBe('open');
    for (let count = 0; count < 5; count += 1) circuit.recordQuery(success);
    expect(circuit.circuit).toBe('open');
  });

  it('rejects with an internal error', async () => {
    const { breaker: circuit } = breaker();
    await expect(circuit.run(() => Promise.reject(new Error('internal')))).rejects.toThrow('internal');
    expect(circuit.circuit).toBe('closed');
  });

  it('opens again when the probe ends with an internal error', async () => {
    const { breaker: circuit, run } = breaker({ openMs: 20 });
    for (let count = 0; count < 3; count += 1) await run(failure);
    await until(() => circuit.circuit === 'half-open', 'the circuit to be half open');
    await expect(circuit.run(() => Promise.reject(new Error('internal')))).rejects.toThrow('internal');
    expect(circuit.circuit).toBe('open');
  });
});

describe('isFailure', () => {
  it.each<[boolean, End]>([
    [true, failure],
    [true, unreachable],
    [true, { kind: 'unknown', reason: 'cut-off', detail: '' }],
    [true, { kind: 'unknown', reason: 'invalid-answer', detail: '' }],
    [true, { kind: 'unknown', reason: 'server-error', detail: '', status: 500 }],
    [true, { kind: 'unknown', reason: 'server-error', detail: '', status: 408 }],
    [false, { kind: 'unknown', reason: 'server-error', detail: '', status: 302 }],
    [false, { kind: 'unknown', reason: 'server-error', detail: '', status: 409 }],
    [
      false,
      { kind: 'rejected', reason: 'refused', status: 422, detail: 'The external refused the request.' },
    ],
    [false, { kind: 'not-executed', reason: 'throttled', detail: '', retryAfterMs: 1 }],
    [false, { kind: 'not-executed', reason: 'credentials-refused', detail: '', retryAfterMs: undefined }],
    [false, success],
  ])('is %s for %j', (expected, end) => {
    expect(isFailure(end)).toBe(expected);
  });
});
