import { Field, type FieldRule } from '../../rules/field.js';
import { issuedIdentifier, oneOf } from '../../rules/rules.js';

const MAX_REASON_LENGTH = 500;
/** Not blank: the reason is kept for ever. */
const PRINTABLE = /^(?=.*\S)[^\p{C}\p{Zl}\p{Zp}]{1,500}$/u;

const reason: FieldRule = {
  name: 'reason',
  detail: `must be a string of 1 to ${MAX_REASON_LENGTH} printable characters, and not blank`,
  schema: { type: 'string', minLength: 1, maxLength: MAX_REASON_LENGTH, pattern: '\\S' },
  accepts: (value) => typeof value === 'string' && PRINTABLE.test(value),
};

const REASON = {
  description: 'How it became known. Kept with the name of the credentials, for ever.',
  example: 'acme’s support confirmed it by phone, ticket 4711',
};

/** POST `/admin/payments/{id}/resolve`. */
export class PaymentResolutionRequest {
  @Field(oneOf(['ACCEPTED', 'FAILED']), { example: 'ACCEPTED' })
  status: 'ACCEPTED' | 'FAILED';

  @Field(reason, REASON)
  reason: string;

  @Field(issuedIdentifier, {
    optional: true,
    description:
      'The external’s id, where the gateway does not have it: without it nobody can refund the payment.',
    example: 'pm_7f3a',
  })
  paymentId?: string;
}

/** POST `/admin/refunds/{id}/resolve`. */
export class RefundResolutionRequest {
  @Field(oneOf(['OK', 'KO']), { description: '`KO` frees what was reserved.', example: 'OK' })
  status: 'OK' | 'KO';

  @Field(reason, REASON)
  reason: string;
}

/** POST `/admin/subscriptions/{id}/resolve`. */
export class SubscriptionResolutionRequest {
  @Field(oneOf(['ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED', 'FAILED']), {
    description: '`FAILED`: it never came to be.',
    example: 'ACTIVE',
  })
  status: 'ACTIVE' | 'PAST_DUE' | 'EXPIRED' | 'CANCELED' | 'FAILED';

  @Field(reason, REASON)
  reason: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The external’s token, where the gateway does not have it.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;
}

/** POST `/admin/operations/{id}/resolve`. */
export class OperationResolutionRequest {
  @Field(oneOf(['executed', 'not-executed']), {
    description: '`not-executed` frees its `Idempotency-Key`.',
    example: 'executed',
  })
  outcome: 'executed' | 'not-executed';

  @Field(reason, REASON)
  reason: string;
}
