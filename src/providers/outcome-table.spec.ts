import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExchangeBroken, type BreakReason, type OutboundAnswer } from '../outbound/exchange.js';
import { OPERATION_NAMES, OPERATIONS } from '../config/external-operation.js';
import { classify, OUTCOME_TABLE } from './outcome-table.js';

const anyAnswer = fc.record({
  status: fc.integer({ min: 200, max: 999 }),
  headers: fc.record(
    { 'content-type': fc.constantFrom('application/json', 'text/html'), 'retry-after': fc.string() },
    { requiredKeys: [] },
  ),
  body: fc.oneof(
    fc
      .constantFrom('', '{}', '[]', '"x"', 'null', '{"detail":"x"}', '<h1>x</h1>')
      .map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
  ),
}) satisfies fc.Arbitrary<OutboundAnswer>;

const anyBreak = fc
  .record({
    reason: fc.constantFrom<BreakReason>(
      'no-connection',
      'deadline',
      'aborted',
      'superseded',
      'cut',
      'too-large',
      'not-http',
    ),
    begun: fc.boolean(),
  })
  .map(
    ({ reason, begun }) =>
      new ExchangeBroken(reason, begun || !['no-connection', 'deadline', 'aborted'].includes(reason)),
  );

const accepts = (json: unknown) => ({ ok: true, value: json as object }) as const;
const refuses = () => ({ ok: false, errors: [{ pointer: '/result', detail: 'must be there' }] }) as const;

const anyOperation = fc.constantFrom(...OPERATION_NAMES).map((name) => OPERATIONS[name]);

describe('outcome table', () => {
  it('names each row once, and ends in one that always fits', () => {
    expect(new Set(OUTCOME_TABLE.map(({ name }) => name)).size).toBe(OUTCOME_TABLE.length);
  });

  it('is certain only if nothing was sent or the answer is complete', () => {
    fc.assert(
      fc.property(fc.oneof(anyAnswer, anyBreak), anyOperation, fc.boolean(), (end, operation, contract) => {
        const { outcome } = classify(end, operation, contract ? accepts : refuses, 0);
        const broken = end instanceof ExchangeBroken;
        const status = broken ? 0 : end.status;
        if (outcome.kind === 'completed') expect(status >= 200 && status < 300 && contract).toBe(true);
        if (outcome.kind === 'rejected') expect(status >= 400 && status < 500).toBe(true);
        if (outcome.kind === 'not-executed') {
          expect(broken ? !end.begun : (status >= 400 && status < 500) || status === 501).toBe(true);
        }
        if (broken && !end.begun) expect(outcome.kind).toBe('not-executed');
      }),
      { numRuns: 1_000 },
    );
  });

  it('contains neither address nor name of the external', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED 10.1.2.3:443'), { code: 'ECONNREFUSED' });
    const { outcome } = classify(
      new ExchangeBroken('no-connection', false, cause),
      OPERATIONS.pay,
      accepts,
      0,
    );
    expect(outcome).toMatchObject({ detail: 'No connection to the external could be made (ECONNREFUSED).' });
  });
});
