import { Field, NestedField } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf, type Rule } from '../../rules/rule.js';
import { currency, listOf, quantity, text, trueOrFalse } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { ATTENTION_KINDS, type AttentionKind } from '../attention/attention-item.js';

/** Counts stop here: more items of one kind than any operator settles one by one. */
export const MAX_COUNTED = 1_000;

const share: Rule = {
  name: 'share',
  allowed: 'a number from 0 to 1',
  schema: { type: 'number', minimum: 0, maximum: 1 },
  accepts: (value) => typeof value === 'number' && value >= 0 && value <= 1,
};

const quantities: Rule = {
  name: 'quantities',
  allowed: 'an array of integers from 0',
  schema: { type: 'integer', format: 'int64', minimum: 0, isArray: true },
  accepts: (value) => Array.isArray(value) && value.every((item) => quantity.accepts(item)),
};

export class AttentionCount {
  @Field(oneOf(ATTENTION_KINDS), { example: 'payment-unknown' })
  kind: AttentionKind;

  @Field(quantity, { description: `At most ${MAX_COUNTED}.`, example: 3 })
  items: number;

  @Field(trueOrFalse, { description: `True: there are more than ${MAX_COUNTED}.`, example: false })
  more: boolean;
}

export class LastHourRecord {
  @Field(quantity, { description: 'Calls that were sent.', example: 1240 })
  calls: number;

  @Field(share, {
    description: 'The share of them that the external answered by the contract, refusals (4xx) included.',
    example: 0.995,
  })
  successRate: number;

  @Field(quantity, {
    description: 'The duration in milliseconds that 95 % of them did not exceed, within a tenth.',
    example: 180,
  })
  p95Ms: number;
}

/** An external as the answering replica sees it. */
export class ExternalSummary {
  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(oneOf(['closed', 'open', 'half-open']), { description: 'The circuit breaker.', example: 'closed' })
  circuit: 'closed' | 'open' | 'half-open';

  @Field(instant, {
    optional: true,
    description: 'When the circuit lets the next operation through. Absent: at once.',
    example: '2026-01-31T12:00:05.000Z',
  })
  nextTryAt?: string | undefined;

  @Field(quantity, { description: 'Calls in flight.', example: 3 })
  inFlight: number;

  @Field(quantity, { description: 'The maximum number of calls in flight.', example: 200 })
  maxConcurrency: number;

  @Field(instant, { optional: true, example: '2026-01-31T12:00:00.150Z' })
  lastSuccessAt?: string | undefined;

  @Field(instant, { optional: true, example: '2026-01-31T11:40:10.000Z' })
  lastFailureAt?: string | undefined;

  @Field(text, {
    optional: true,
    description: 'The reason and what happened.',
    example: 'timeout: The external did not answer in time.',
  })
  lastFailure?: string | undefined;

  @NestedField(() => LastHourRecord, {
    optional: true,
    description: 'Absent without a call in the last hour.',
  })
  lastHour?: LastHourRecord | undefined;
}

/** Payments or refunds of one currency in one state. */
export class TotalRecord {
  @Field(currency, {
    optional: true,
    description: 'Absent for payments whose currency the gateway does not know.',
    example: 'EUR',
  })
  currency?: string | undefined;

  @Field(text, {
    description:
      'The present state: of payments `PENDING`, `ACCEPTED`, `FAILED`, `UNKNOWN`; of refunds `PENDING`, `OK`, `KO`, `UNKNOWN`.',
    example: 'ACCEPTED',
  })
  state: string;

  @Field(quantity, { example: 118 })
  items: number;

  @Field(quantity, {
    description: 'The sum of their amounts in minor units; exact up to 2^53.',
    example: 153282,
  })
  amount: number;

  @Field(quantities, { description: 'The same by step, oldest first.', example: [60, 58] })
  itemsByStep: number[];

  @Field(quantities, { description: 'The same by step, oldest first.', example: [80000, 73282] })
  amountByStep: number[];
}

/** A period, and the payments and refunds that were created in it. */
export class PeriodSummary {
  @Field(instant, {
    description: 'The beginning of the first step, a full hour of UTC.',
    example: '2026-01-30T13:00:00.000Z',
  })
  from: string;

  @Field(quantity, {
    description: 'The length of a step in hours: 1 or 24. The last step is the present one.',
    example: 1,
  })
  stepHours: number;

  @Field(quantity, { description: 'The number of steps.', example: 24 })
  steps: number;

  @Field(listOf(() => TotalRecord))
  payments: TotalRecord[];

  @Field(listOf(() => TotalRecord))
  refunds: TotalRecord[];
}

export class DeliverySummary {
  @Field(text, { example: 'payment-callback' })
  receiver: string;

  @Field(quantity, { description: 'Notifications that wait for their next attempt.', example: 2 })
  waiting: number;

  @Field(instant, { optional: true, description: 'When the oldest of them was queued.' })
  oldestWaitingSince?: string | undefined;

  @Field(quantity, { description: 'Notifications that have exhausted their attempts.', example: 0 })
  dead: number;
}

/** The figures of the console's first page. */
export class Summary {
  @Field(instant, { example: '2026-01-31T12:00:00.000Z' })
  at: string;

  @Field(listOf(() => AttentionCount), { description: 'Kinds with items alone.' })
  attention: AttentionCount[];

  @Field(listOf(() => ExternalSummary), { description: 'The configured externals, by name.' })
  externals: ExternalSummary[];

  @Field(listOf(() => DeliverySummary), {
    description: 'The configured receivers, and those with notifications left.',
  })
  deliveries: DeliverySummary[];

  @Field(instant, {
    optional: true,
    description:
      'When `last24Hours` and `last30Days` were counted: every ten seconds while something changes, and less often in busy hours. Absent before the first count.',
    example: '2026-01-31T11:59:55.000Z',
  })
  countedAt?: string | undefined;

  @NestedField(() => PeriodSummary)
  last24Hours: PeriodSummary;

  @NestedField(() => PeriodSummary)
  last30Days: PeriodSummary;
}
