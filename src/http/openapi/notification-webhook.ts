import { NOTIFICATION_HEADERS } from './headers.js';
import type { Dto, Examples } from './operation-description.js';
import { schemaReference } from './schemas.js';

/** A notification to the receiver (SPEC §5). */
interface Notification {
  readonly payload: Dto;
  readonly examples: Examples;
}

const notifications = new Map<string, Notification>();

/** Declares a DTO as the body of a notification, which the documentation shows as the webhook `name`. */
export function DescribeNotification(name: string, examples: Examples): (payload: Dto) => void {
  return (payload) => {
    notifications.set(name, { payload, examples });
  };
}

export function notificationPayloads(): Dto[] {
  return [...notifications.values()].map(({ payload }) => payload);
}

/** The `webhooks` of the document. */
export function webhooks(): Record<string, object> {
  return Object.fromEntries(
    [...notifications].map(([name, notification]) => [name, { post: webhook(name, notification) }]),
  );
}

function webhook(name: string, { payload, examples }: Notification): object {
  return {
    tags: ['Payments'],
    operationId: name,
    summary: 'Notify the receiver of a payment',
    description:
      'The gateway posts this to `PAYMENT_CALLBACK_URL` after `check`, a verified callback, and a change found by reconciliation: at least ' +
      'once, and never an older status after a newer one. Verify the signature over the raw body before you parse it, and order notifications by the `version` in it.\n\n' +
      'After any status but 2xx, or no response in 10 s, the gateway retries on a growing schedule (`NOTIFICATION_SCHEDULE`).',
    security: [],
    parameters: NOTIFICATION_HEADERS,
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
