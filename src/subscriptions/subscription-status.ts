import { DescribeNotification } from '../http/openapi/notification-webhook.js';
import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { anyJson, count, identifier, issuedIdentifier } from '../rules/rules.js';
import type { AnsweredSubscriptionStatus } from '../providers/answers.js';
import type { JsonValue } from '../shared/json.js';

/** A subscription's status as callers get it (SPEC §1). */
export class SubscriptionStatus {
  @Field(oneOf(['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED', 'UNKNOWN']), {
    description: '`UNKNOWN` only from an external with `compatibility`.',
    example: 'ACTIVE',
  })
  status: AnsweredSubscriptionStatus;

  @Field(issuedIdentifier, { example: 'sub_91c2' })
  subscriptionToken: string;

  @Field(identifier, { description: 'The `{external}` name.', example: 'simulator' })
  providerName: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}

/** The signed body of a notification: the status, and its version. */
@DescribeNotification('subscription', {
  PAST_DUE: {
    summary: 'A payment of the subscription failed',
    value: { status: 'PAST_DUE', subscriptionToken: 'sub_91c2', providerName: 'simulator', version: 1 },
  },
  CANCELED: {
    summary: 'Ended at the external',
    value: { status: 'CANCELED', subscriptionToken: 'sub_91c2', providerName: 'simulator', version: 2 },
  },
})
export class SubscriptionNotification extends SubscriptionStatus {
  @Field(count, {
    description:
      'Grows with each notification of a subscription: ignore a notification with a lower version than the last one.',
    example: 1,
  })
  version: number;
}
