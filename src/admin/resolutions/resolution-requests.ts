import { Field } from '../../rules/field.js';
import { oneOf, stringRule } from '../../rules/rule.js';
import { issuedIdentifier, issuedIdentifierOrNull, ownIdentifier } from '../../rules/rules.js';

const MAX_REASON_LENGTH = 500;
/** Not blank: the reason is kept for ever, and an auditor reads it. */
const PRINTABLE = /^(?=.*\S)[^\p{C}\p{Zl}\p{Zp}]{1,500}$/u;

export const reason = stringRule(
  'reason',
  `a string of 1 to ${MAX_REASON_LENGTH} printable characters, and not blank`,
  (text) => PRINTABLE.test(text),
  { minLength: 1, maxLength: MAX_REASON_LENGTH, pattern: '\\S' },
);

const REASON = {
  description: 'How the outcome became known. Kept for ever, with the name of the credentials.',
  example: 'acme’s support confirmed it by phone, ticket 4711',
};

const CORRECTS = {
  optional: true,
  description:
    'The event of the resolution that this one corrects, as the `conflict` names it. Refused if the external has answered otherwise since.',
  example: 'evt_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60',
} as const;

/** POST `/admin/payments/{id}/resolve`. */
export class PaymentResolutionRequest {
  @Field(oneOf(['ACCEPTED', 'FAILED']), { example: 'ACCEPTED' })
  status: 'ACCEPTED' | 'FAILED';

  @Field(reason, REASON)
  reason: string;

  @Field(issuedIdentifierOrNull, {
    optional: true,
    keepsNull: true,
    description:
      'The external’s id. Required with `ACCEPTED` if the gateway does not know it; `null` if it is unknown: the payment then cannot be refunded.',
    example: 'pm_7f3a',
  })
  paymentId?: string | null;

  @Field(ownIdentifier('evt'), CORRECTS)
  corrects?: string;
}

/** POST `/admin/refunds/{id}/resolve`. */
export class RefundResolutionRequest {
  @Field(oneOf(['OK', 'KO']), { description: '`KO` releases the reserved amount.', example: 'OK' })
  status: 'OK' | 'KO';

  @Field(reason, REASON)
  reason: string;

  @Field(ownIdentifier('evt'), CORRECTS)
  corrects?: string;
}

/** POST `/admin/subscriptions/{id}/resolve`. */
export class SubscriptionResolutionRequest {
  @Field(oneOf(['ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED', 'FAILED']), {
    description: '`FAILED`: the subscription was never created.',
    example: 'ACTIVE',
  })
  status: 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED' | 'FAILED';

  @Field(reason, REASON)
  reason: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s token, where the gateway does not know it.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;

  @Field(ownIdentifier('evt'), {
    ...CORRECTS,
    description:
      'The event of the resolution that this one corrects, as the `conflict` names it. Refused if the external has changed the subscription since.',
  })
  corrects?: string;
}

/** POST `/admin/operations/{id}/resolve`. */
export class OperationResolutionRequest {
  @Field(oneOf(['executed', 'not-executed']), {
    description: '`not-executed` releases its `Idempotency-Key`.',
    example: 'executed',
  })
  outcome: 'executed' | 'not-executed';

  @Field(reason, REASON)
  reason: string;

  @Field(ownIdentifier('evt'), {
    ...CORRECTS,
    description:
      'The event of the resolution that this one corrects, as the `conflict` names it. `executed` is refused if the `Idempotency-Key` was used again.',
  })
  corrects?: string;
}
