import { describe, expect, it } from '@jest/globals';
import { resolutionOf } from './resolution';

const AT = '2026-01-31T12:00:00.150Z';
const by = (source: string, id: string, before: string, after: string, cause = 'ops: ticket 1'): object => ({
  id,
  at: AT,
  source,
  before,
  after,
  cause,
});

const of = (events: object[], refund?: string): string | undefined =>
  resolutionOf(events as Parameters<typeof resolutionOf>[0], refund);

describe('resolutionOf', () => {
  it('is the newest of the operators who gave the present state', () => {
    const events = [
      by('call', 'evt_1', 'CREATED', 'UNKNOWN', 'op_1'),
      by('operator', 'evt_2', 'UNKNOWN', 'ACCEPTED'),
      by('operator', 'evt_3', 'ACCEPTED', 'ACCEPTED'),
    ];
    expect(of(events)).toBe('evt_3');
    expect(of(events, 'ref_1')).toBeUndefined();
  });

  it('is none once the external has changed the state', () => {
    expect(
      of([by('operator', 'evt_1', 'UNKNOWN', 'FAILED'), by('callback', 'evt_2', 'FAILED', 'ACCEPTED')]),
    ).toBeUndefined();
  });

  it('is none of a refund that an operator has ordered and the external has answered', () => {
    const answered = { ...by('operator', 'evt_1', 'PENDING', 'OK', 'op_1'), refund: 'ref_1' };
    expect(of([answered], 'ref_1')).toBeUndefined();
    const resolved = { ...by('operator', 'evt_2', 'OK', 'KO'), refund: 'ref_1' };
    expect(of([answered, resolved], 'ref_1')).toBe('evt_2');
  });
});
