import { describe, expect, it } from '@jest/globals';
import { readTracestate, traceContext, traceHeaders } from './trace-context.js';

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

describe('A trace context', () => {
  it.each([undefined, 'a=1', 'a=b c,x@y=2'])('keeps its tracestate %j', (tracestate) => {
    const headers = traceHeaders(traceContext(TRACEPARENT, tracestate));
    expect(headers).toEqual({ traceparent: TRACEPARENT, ...(tracestate !== undefined && { tracestate }) });
  });
});

describe('tracestate', () => {
  it.each([
    ['rojo=00f067aa0ba902b7', 'rojo=00f067aa0ba902b7'],
    [' rojo=1 ,\tcongo=t61rcWkgMzE', 'rojo=1,congo=t61rcWkgMzE'],
    ['a=1,,b=2,', 'a=1,b=2'],
    ['1tenant@vendor=x', '1tenant@vendor=x'],
    ['a=b c', 'a=b c'],
  ])('is read: %j', (given, read) => {
    expect(readTracestate(given)).toBe(read);
  });

  it.each([
    '',
    ',',
    'a',
    'A=1',
    'a=',
    'a=1=2',
    'a=\u00e9',
    '1a=1',
    'a=x\r\ny: z',
    `a=${'x'.repeat(257)}`,
    Array.from({ length: 33 }, (_, n) => `k${n}=1`).join(','),
    Array.from({ length: 3 }, (_, n) => `k${n}=${'x'.repeat(200)}`).join(','),
  ])('is ignored as a whole if it is not valid: %j', (given) => {
    expect(readTracestate(given)).toBeUndefined();
  });
});
