import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { anyJson, identifier, issuedIdentifier } from '../rules/rules.js';
import type { SubscriptionStatusName } from '../providers/answers.js';
import type { JsonValue } from '../shared/json.js';

/** A subscription's status as callers get it (SPEC §1). */
export class SubscriptionStatus {
  @Field(oneOf(['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED']), { example: 'ACTIVE' })
  status: SubscriptionStatusName;

  @Field(issuedIdentifier, { example: 'sub_91c2' })
  subscriptionToken: string;

  @Field(identifier, { description: 'The `{external}` name.', example: 'simulator' })
  providerName: string;

  @Field(anyJson, { optional: true, description: 'Data of the external, passed through.' })
  metadata?: JsonValue;
}
