import type { NotificationEvent } from '../../config/receiver-config.js';
import { notificationHeaders } from './headers.js';
import type { Dto, Examples, OperationDescription } from './operation-description.js';
import { schemaReference } from './schemas.js';

/** A notification to a receiver (SPEC §5). */
interface Notification {
  readonly payload: Dto;
  readonly examples: Examples;
}

interface WebhookText {
  readonly id: string;
  readonly tag: OperationDescription['tag'];
  readonly summary: string;
  /** When and to whom it is sent. */
  readonly description: string;
}

const OTHERS = 'to the receivers of `RECEIVERS_CONFIG` that have the event';
const CHANGES =
  'after a verified callback that names it, and a change found by reconciliation or made by an operator';

const WEBHOOKS: Readonly<Record<NotificationEvent, WebhookText>> = {
  payment: {
    id: 'paymentStatusChanged',
    tag: 'Payments',
    summary: 'Notify the receiver of a payment',
    description: `The gateway posts this to \`PAYMENT_CALLBACK_URL\`, and ${OTHERS} \`payment\`, after \`check\`, a verified callback, and a change found by reconciliation`,
  },
  refund: {
    id: 'refundStatusChanged',
    tag: 'Payments',
    summary: 'Notify a receiver of a refund',
    description: `The gateway posts this ${OTHERS} \`refund\`, ${CHANGES}`,
  },
  subscription: {
    id: 'subscriptionStatusChanged',
    tag: 'Subscriptions',
    summary: 'Notify a receiver of a subscription',
    description: `The gateway posts this ${OTHERS} \`subscription\`, ${CHANGES}`,
  },
};

const notifications = new Map<NotificationEvent, Notification>();

/** Declares a DTO as the body of the notifications of `event`, which the documentation shows as a webhook. */
export function DescribeNotification(event: NotificationEvent, examples: Examples): (payload: Dto) => void {
  return (payload) => {
    notifications.set(event, { payload, examples });
  };
}

export function notificationPayloads(): Dto[] {
  return [...notifications.values()].map(({ payload }) => payload);
}

/** The `webhooks` of the document. */
export function webhooks(): Record<string, object> {
  const declared = [...notifications].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(
    declared.map(([event, notification]) => [WEBHOOKS[event].id, { post: webhook(event, notification) }]),
  );
}

function webhook(event: NotificationEvent, { payload, examples }: Notification): object {
  const { id, tag, summary, description } = WEBHOOKS[event];
  return {
    tags: [tag],
    operationId: id,
    summary,
    description:
      `${description}: at least once, and never an older status after a newer one. Verify the signature over the raw ` +
      'body before you parse it, and order notifications by the `version` in it.\n\n' +
      'After any status but 2xx, or no response in 10 s, the gateway retries on a growing schedule (`NOTIFICATION_SCHEDULE`).',
    security: [],
    parameters: notificationHeaders(event),
    requestBody: {
      required: true,
      content: { 'application/json': { schema: schemaReference(payload), examples } },
    },
    responses: {
      '200': { description: 'The notification was received; any other 2xx means the same.' },
      '410': { description: 'The notification is refused for good: the gateway does not retry it.' },
      default: {
        description: 'The notification was not received: the gateway retries it, not before `Retry-After`.',
      },
    },
  };
}
