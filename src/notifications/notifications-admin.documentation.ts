import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { ownIdentifier, quantity } from '../rules/rules.js';
import type { OperationDescription } from '../http/openapi/operation-description.js';
import { ReplayRequest } from './replay-request.js';

/** The result of a replay by filter. */
class ReplayResult {
  @Field(quantity, { description: 'The number of notifications that were queued again.', example: 12 })
  replayed: number;

  @Field(quantity, {
    description:
      'The number of matching notifications that were skipped: superseded by a newer one of the same payment, or being delivered now.',
    example: 1,
  })
  skipped: number;
}

/** A notification that is queued again. */
class ReplayedNotification {
  @Field(ownIdentifier('ntf'), { example: 'ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644' })
  id: string;

  @Field(oneOf(['PENDING']), { example: 'PENDING' })
  state: 'PENDING';
}

const SAME_ID =
  'The `webhook-id` and the body stay the same, the signature is new, and the retry schedule starts from its beginning.';

export const REPLAY_ALL: OperationDescription = {
  id: 'replayNotifications',
  tag: 'Admin',
  destructive: true,
  summary: 'Retry all dead notifications',
  description: `Queues all matching notifications again; an empty filter or body means all DEAD ones. ${SAME_ID}`,
  request: {
    type: ReplayRequest,
    optional: true,
    examples: {
      dead: { summary: 'All DEAD notifications', value: {} },
      external: {
        summary: 'The notifications of one external on one day',
        value: { external: 'simulator', from: '2026-01-31T00:00:00Z', to: '2026-02-01T00:00:00Z' },
      },
    },
  },
  answer: {
    type: ReplayResult,
    description: 'The numbers of notifications that were queued and skipped',
    examples: { done: { summary: 'Queued again', value: { replayed: 12, skipped: 1 } } },
  },
};

export const REPLAY_ONE: OperationDescription = {
  id: 'replayNotification',
  tag: 'Admin',
  summary: 'Retry a notification',
  description: `Queues a notification again. Only the newest notification of a payment can be retried, so that the receiver never gets an older status after a newer one. ${SAME_ID}`,
  answer: {
    type: ReplayedNotification,
    description: 'The notification, queued again',
    examples: {
      queued: {
        summary: 'Queued again',
        value: { id: 'ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644', state: 'PENDING' },
      },
    },
  },
  problems: ['not-found', 'conflict'],
};
