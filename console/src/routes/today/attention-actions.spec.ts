import { describe, expect, it } from '@jest/globals';
import type { AttentionItem } from '../../api/records';
import { readableAdvice } from './advice';
import { actionsFor, pageOf } from './attention-actions';

const ALL = { act: true, settle: true };
const EXTERNAL = { operations: ['status'], statusByShopTransactionId: false };
const item = (more: Partial<AttentionItem>): AttentionItem => ({
  kind: 'payment-unknown',
  id: 'pay_1',
  external: 'acme',
  state: 'UNKNOWN',
  since: '2026-01-31T12:00:00Z',
  advice: '',
  ...more,
});
const kinds = (more: Partial<AttentionItem>, allowed = ALL): readonly string[] =>
  actionsFor(item(more), allowed, EXTERNAL).map(({ kind }) => kind);

describe('the acts for an item of attention', () => {
  it('ask the external only where it can be queried', () => {
    expect(kinds({})).toEqual(['resolve']);
    expect(kinds({ paymentId: 'pm_1' })).toEqual(['check', 'resolve']);
  });

  it('are those that settle it and that the scopes allow', () => {
    expect(kinds({ kind: 'order-paid-twice' })).toEqual(['refund', 'resolve']);
    expect(kinds({ kind: 'notification-dead', id: 'ntf_1' })).toEqual(['replay']);
    expect(kinds({ kind: 'refund-stuck', id: 'ref_1' }, { act: true, settle: false })).toEqual([]);
  });

  it('are beside a link to what the item is about', () => {
    expect(pageOf(item({ payment: 'pay_1' }))).toBe('/payments/pay_1');
    expect(pageOf(item({ kind: 'notification-dead', id: 'ntf_1', payment: 'pay_2' }))).toBe(
      '/payments/pay_2',
    );
    expect(pageOf(item({ kind: 'refund-stuck', id: 'ref_1', payment: 'pay_3' }))).toBe('/payments/pay_3');
  });

  it('are beside a link to the item itself where its payment is not known', () => {
    expect(pageOf(item({ kind: 'refund-stuck', id: 'ref_1' }))).toBe('/refunds?item=ref_1');
    expect(pageOf(item({ kind: 'notification-dead', id: 'ntf_1' }))).toBe(
      '/notifications?state=DEAD&item=ntf_1',
    );
    expect(pageOf(item({ kind: 'circuit-open', id: 'acme' }))).toBe('/externals');
  });

  it('have the names of their buttons in the advice, which says what the scopes do not allow', () => {
    const advice =
      'The external answered 404 twice, last at 2026-01-31T12:00:00.000Z: It is unknown. ' +
      'The schedule of queries is used up. POST /admin/payments/{id}/check queries it now.';
    expect(readableAdvice(item({ advice }), ALL)).toBe(
      'The schedule of queries is used up. “Check now” queries it now.',
    );
    expect(readableAdvice(item({ advice }), { act: false, settle: false })).toBe(
      'The schedule of queries is used up. “Check now” (needs the scope admin-act) queries it now.',
    );
  });

  it('have no names of fields in the advice of an open circuit', () => {
    const advice =
      'The last calls to the external failed; detail names the reason. The gateway refuses operations until nextTryAt, and ' +
      'then lets one through to test the external; without nextTryAt, the next operation is that test. Ask the support.';
    const circuit = item({ kind: 'circuit-open', advice });
    expect(readableAdvice({ ...circuit, nextTryAt: '2026-01-31T12:00:00.000Z' }, ALL)).toMatch(
      /failed; “Last answer” names the reason\. The gateway refuses operations until Jan 31, 2026, [^.]*, and then lets one through to test the external\. Ask the support\.$/,
    );
    expect(readableAdvice(circuit, ALL)).toMatch(
      /the reason\. The next operation of a caller tests the external; if it succeeds, the circuit closes\. Ask the support\.$/,
    );
  });
});
