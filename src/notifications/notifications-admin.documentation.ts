import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { identifier, quantity } from '../rules/rules.js';
import type { OperationDescription } from '../http/openapi/operation-description.js';
import { ReplayRequest } from './replay-request.js';

/** What a replay by filter did. */
class ReplayResult {
  @Field(quantity, { description: 'Queued again.', example: 12 })
  replayed: number;

  @Field(quantity, {
    description: 'Matched, but a newer one of the same payment outdates them, or they are on the wire now.',
    example: 1,
  })
  skipped: number;
}

/** A notification that is queued again. */
class ReplayedNotification {
  @Field(identifier, { example: 'ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644' })
  id: string;

  @Field(oneOf(['PENDING']), { example: 'PENDING' })
  state: 'PENDING';
}

const SAME_ID =
  'They keep their `webhook-id` and body, with a fresh signature, and the schedule starts anew.';

export const REPLAY_ALL: OperationDescription = {
  id: 'replayNotifications',
  tag: 'Admin',
  summary: 'Send notifications again',
  description: `All that match; without any field, or any body, all that are DEAD. ${SAME_ID}`,
  request: {
    type: ReplayRequest,
    optional: true,
    examples: {
      dead: { summary: 'All that are DEAD', value: {} },
      external: {
        summary: 'Those of one external, of one day',
        value: { external: 'simulator', from: '2026-01-31T00:00:00Z', to: '2026-02-01T00:00:00Z' },
      },
    },
  },
  answer: {
    type: ReplayResult,
    examples: { done: { summary: 'Queued again', value: { replayed: 12, skipped: 1 } } },
  },
};

export const REPLAY_ONE: OperationDescription = {
  id: 'replayNotification',
  tag: 'Admin',
  summary: 'Send one notification again',
  description: `Only the newest of a payment: the receiver is never told an older truth after a newer one. ${SAME_ID}`,
  answer: {
    type: ReplayedNotification,
    examples: {
      queued: {
        summary: 'Queued again',
        value: { id: 'ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644', state: 'PENDING' },
      },
    },
  },
  problems: ['not-found', 'conflict'],
};
