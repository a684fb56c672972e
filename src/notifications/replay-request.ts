import { Field, type FieldRule } from '../rules/field.js';
import { identifier, oneOf } from '../rules/rules.js';
import type { NotificationState } from './notification.table.js';
import type { ReplayFilter } from './replay.repository.js';

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

const instant: FieldRule = {
  name: 'instant',
  detail: 'must be a date and time with its zone (RFC 3339), such as 2026-01-31T12:00:00Z',
  schema: { type: 'string', format: 'date-time' },
  accepts: (value) =>
    typeof value === 'string' &&
    RFC3339.test(value) &&
    !Number.isNaN(Date.parse(value)) &&
    Date.parse(value) >= 0,
};

/** POST `/admin/notifications/replay`: which to send again. Without any field, or any body: all that are DEAD. */
export class ReplayRequest {
  @Field(oneOf(['DEAD', 'RETRY', 'PENDING', 'DELIVERED', 'SUPERSEDED']), {
    optional: true,
    description: 'Default DEAD.',
    example: 'DEAD',
  })
  state?: NotificationState;

  @Field(identifier, { optional: true, description: 'Of this external only.', example: 'acme' })
  external?: string;

  @Field(instant, { optional: true, description: 'Queued then or later.', example: '2026-01-31T00:00:00Z' })
  from?: string;

  @Field(instant, { optional: true, description: 'Queued before.', example: '2026-02-01T00:00:00Z' })
  to?: string;
}

export function replayFilterOf({ state, external, from, to }: ReplayRequest): ReplayFilter {
  return {
    state: state ?? 'DEAD',
    external,
    fromMs: from === undefined ? 0 : Date.parse(from),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(to),
  };
}
