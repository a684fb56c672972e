import { PARKED, type QuerySource, type StatusQueryRow } from '../../operations/status-query.table.js';
import { Field } from '../../rules/field.js';
import { oneOf } from '../../rules/rule.js';
import { count, text } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { shownText, shownTime } from './shown.js';

const SOURCES = [
  'reconciliation',
  'check',
  'callback',
  'order',
  'repeat',
  'refund',
  'cancel',
  'status',
] as const satisfies readonly QuerySource[];

/** Status queries to the external: consecutive ones of one source with the same result are one record. */
export class QueryRecord {
  @Field(oneOf(SOURCES), {
    description:
      'What sent them. `order`: a second payment of the order; `repeat`: a repeated request of unknown outcome; `refund`, `cancel`: a refund or cancellation of the payment; `status`: a caller’s `/status`.',
    example: 'reconciliation',
  })
  source: QuerySource;

  @Field(text, {
    description: 'The status that the external answered, or the reason why there is none.',
    example: 'not-found',
  })
  result: string;

  @Field(text, {
    optional: true,
    description: 'What went wrong.',
    example: 'The external does not know what the request names.',
  })
  detail?: string | undefined;

  @Field(count, { description: 'How many queries there were.', example: 3 })
  times: number;

  @Field(instant, { description: 'The time of the first.', example: '2026-01-31T12:01:00.000Z' })
  firstAt: string;

  @Field(instant, { description: 'The time of the last.', example: '2026-01-31T12:10:00.000Z' })
  lastAt: string;

  @Field(text, { optional: true, description: 'The callback, operation or request that caused the last.' })
  cause?: string | undefined;
}

export function queryRecord(row: StatusQueryRow): QueryRecord {
  return {
    source: row.source,
    result: row.result,
    detail: shownText(row.detail),
    times: row.times,
    firstAt: shownTime(row.first_at),
    lastAt: shownTime(row.last_at),
    cause: shownText(row.cause),
  };
}

export function isParking({ result }: StatusQueryRow): boolean {
  return result === PARKED;
}

const STATUSES: ReadonlySet<string> = new Set(['ACCEPTED', 'FAILED', 'PENDING']);

/** The outcome of the queries, for a person. */
export function queryText({ result, detail, times, last_at }: StatusQueryRow): string {
  const often = times === 1 ? `at ${shownTime(last_at)}` : `${times} times, last at ${shownTime(last_at)}`;
  if (STATUSES.has(result)) return `the external answered ${result} ${often}`;
  if (result === 'not-found') return `the external answered 404 ${often}: ${detail ?? ''}`;
  return `the external could not be queried ${often}: ${result}, ${detail ?? ''}`;
}
