import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { exampleOf } from '../../rules/field.js';
import {
  AttentionCount,
  DeliverySummary,
  ExternalSummary,
  PeriodSummary,
  Summary,
  TotalRecord,
} from './summary.js';

const PAYMENTS = exampleOf(TotalRecord, {
  itemsByStep: steps(24, 60, 58),
  amountByStep: steps(24, 80_000, 73_282),
});
const REFUNDS = exampleOf(TotalRecord, {
  state: 'OK',
  items: 2,
  amount: 2_598,
  itemsByStep: steps(24, 0, 2),
  amountByStep: steps(24, 0, 2_598),
});

export const GET_SUMMARY: OperationDescription = {
  id: 'getSummary',
  tag: 'Admin',
  summary: 'Retrieve the figures of today',
  description:
    'Items of attention by kind; externals as the answering replica sees them; notifications that wait or are dead; payments and refunds that were created in the last 24 hours and 30 days, by currency and present state. The totals come from hourly counts that a worker keeps: `countedAt` says how fresh they are.',
  answer: {
    type: Summary,
    examples: {
      summary: {
        summary: 'A quiet day',
        value: {
          ...exampleOf(Summary),
          attention: [exampleOf(AttentionCount)],
          externals: [exampleOf(ExternalSummary, { nextTryAt: undefined })],
          deliveries: [exampleOf(DeliverySummary, { oldestWaitingSince: '2026-01-31T11:59:30.000Z' })],
          last24Hours: exampleOf(PeriodSummary, { payments: [PAYMENTS], refunds: [REFUNDS] }),
          last30Days: exampleOf(PeriodSummary, {
            from: '2026-01-01T13:00:00.000Z',
            stepHours: 24,
            steps: 30,
            payments: [{ ...PAYMENTS, itemsByStep: steps(30, 0, 118), amountByStep: steps(30, 0, 153_282) }],
            refunds: [],
          }),
        },
      },
    },
  },
};

/** Zeros, and the values of the last two steps. */
function steps(count: number, before: number, last: number): number[] {
  return [...Array.from({ length: count - 2 }, () => 0), before, last];
}
