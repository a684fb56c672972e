import { describe, expect, it } from '@jest/globals';
import { traceOf } from './request-context.middleware.js';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN_ID = '00f067aa0ba902b7';

describe('traceOf', () => {
  it.each([
    ['00', '01', ''],
    ['00', '00', ''],
    ['00', '03', ''],
  ])('keeps %s-…-%s%s', (version, flags, rest) => {
    const traceparent = `${version}-${TRACE_ID}-${SPAN_ID}-${flags}${rest}`;
    expect(traceOf({ traceparent })).toEqual({ traceparent, continued: true });
  });

  it.each([
    ['01', '01', '', '01'],
    ['cc', '03', '-of-the-future', '01'],
    ['cc', 'fe', '-', '00'],
  ])('reads of version %s what version 00 knows', (version, flags, rest, kept) => {
    const traceparent = `${version}-${TRACE_ID}-${SPAN_ID}-${flags}${rest}`;
    expect(traceOf({ traceparent })).toEqual({
      traceparent: `00-${TRACE_ID}-${SPAN_ID}-${kept}`,
      continued: true,
    });
  });

  it.each([
    ['nothing', undefined],
    ['no trace', 'abc'],
    ['an empty one', ''],
    ['a version that is none', `ff-${TRACE_ID}-${SPAN_ID}-01`],
    ['a trace id of zeros', `00-${'0'.repeat(32)}-${SPAN_ID}-01`],
    ['a span id of zeros', `00-${TRACE_ID}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${TRACE_ID.toUpperCase()}-${SPAN_ID}-01`],
    ['more than version 00 has', `00-${TRACE_ID}-${SPAN_ID}-01-more`],
    ['a later version that runs on', `01-${TRACE_ID}-${SPAN_ID}-0142`],
    ['two at once', `00-${TRACE_ID}-${SPAN_ID}-01, 00-${TRACE_ID}-${SPAN_ID}-01`],
  ])('begins a trace for %s', (_what, traceparent) => {
    const begun = traceOf(traceparent === undefined ? {} : { traceparent });
    expect(begun.continued).toBe(false);
    expect(begun.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(begun.traceparent).not.toContain(TRACE_ID);
  });
});
