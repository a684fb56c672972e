import { describe, expect, it } from '@jest/globals';
import { Secret } from '../../sensitive/secret.js';
import { outside, outsideIn } from './outside.js';

const CARD = '4111 1111 1111 1111';
const MASKED = '**** **** **** 1111';

describe('outside', () => {
  it('masks card numbers, and leaves the rest', () => {
    expect(outside(`paid with ${CARD}`)).toBe(`paid with ${MASKED}`);
    expect(outside('order-1001')).toBe('order-1001');
  });

  it('limits depth and length, and masks before it cuts', () => {
    expect(outside('x'.repeat(600))).toBe(`${'x'.repeat(512)}…`);
    expect(outside(`${'x'.repeat(500)} ${CARD}`)).not.toContain('4111');
  });
});

describe('outsideIn', () => {
  it('masks each text, at any depth, and no number: times and counts are the gateway’s own', () => {
    expect(outsideIn({ at: 4_111_111_111_111_111, detail: [CARD, { name: CARD }], none: null })).toEqual({
      at: 4_111_111_111_111_111,
      detail: [MASKED, { name: MASKED }],
      none: null,
    });
  });

  it('shows an error with its cause, and none of its other members', () => {
    const cause = Object.assign(new Error(`no such card ${CARD}`), { code: 'ENOENT' });
    const error = Object.assign(new TypeError('outer', { cause }), { request: { authorization: 'secret' } });
    const shown = outsideIn({ err: error }) as { err: Record<string, unknown> };
    expect(shown.err).toEqual({
      type: 'TypeError',
      message: 'outer',
      stack: expect.stringContaining('TypeError: outer'),
      cause: {
        type: 'Error',
        message: `no such card ${MASKED}`,
        code: 'ENOENT',
        stack: expect.not.stringContaining('4111'),
      },
    });
  });

  it('lets a secret and a date show themselves, and ends in a circle', () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(outsideIn([new Secret('s3cret'), new Date(0)])).toEqual(['***', '1970-01-01T00:00:00.000Z']);
    expect(JSON.stringify(outsideIn(circle))).toContain('"…"');
  });
});
