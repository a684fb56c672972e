import { Field } from '../rules/field.js';
import { externalName, receiverName } from '../rules/network-rules.js';
import { oneOf } from '../rules/rule.js';
import { instant } from '../rules/time-rules.js';
import type { NotificationState } from './notification.table.js';
import type { ReplayFilter } from './replay.repository.js';

/** POST `/admin/notifications/replay`: the notifications to send again. Without any field, or body: all DEAD ones. */
export class ReplayRequest {
  @Field(oneOf(['DEAD', 'RETRY', 'PENDING', 'DELIVERED', 'SUPERSEDED']), {
    optional: true,
    description: 'Default DEAD.',
    example: 'DEAD',
  })
  state?: NotificationState;

  @Field(externalName, { optional: true, description: 'Those of this external.', example: 'acme' })
  external?: string;

  @Field(receiverName, { optional: true, description: 'Those to this receiver.', example: 'erp' })
  receiver?: string;

  @Field(instant, {
    optional: true,
    description: 'Queued at this time or later.',
    example: '2026-01-31T00:00:00Z',
  })
  from?: string;

  @Field(instant, {
    optional: true,
    description: 'Queued before this time.',
    example: '2026-02-01T00:00:00Z',
  })
  to?: string;
}

export function replayFilterOf({ state, external, receiver, from, to }: ReplayRequest): ReplayFilter {
  return {
    state: state ?? 'DEAD',
    external,
    receiver,
    fromMs: from === undefined ? 0 : Date.parse(from),
    toMs: to === undefined ? Number.MAX_SAFE_INTEGER : Date.parse(to),
  };
}
