import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { identifier, issuedIdentifier, quantity, texts } from '../../rules/rules.js';
import { reason } from '../resolutions/resolution-requests.js';

/** POST `/admin/erasures`: exactly one of the three ids. */
export class ErasureRequest {
  @Field(issuedIdentifier, { optional: true, description: 'One payment.', example: 'pm_7f3a' })
  paymentId?: string;

  @Field(identifier, { optional: true, description: 'All payments of an order.', example: 'order-1001' })
  shopTransactionId?: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'A subscription and all its payments.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;

  @Field(externalName, {
    optional: true,
    description: 'Required where several externals know the id.',
    example: 'acme',
  })
  external?: string;

  @Field(reason, {
    description: 'Why. Kept for ever, with the name of the credentials: do not name the person.',
    example: 'Request of 3 February, ticket 4711',
  })
  reason: string;
}

/** What was erased. */
export class ErasureRecord {
  @Field(texts, {
    description: 'The gateway’s ids of the payments, refunds and subscriptions without texts now.',
    example: ['pay_0199f2a4-c867-7d21-8a3b-1b2c3d4e5f60'],
  })
  subjects: string[];

  @Field(quantity, {
    description: 'Rows that lost texts: 0 if all of it was erased before.',
    example: 4,
  })
  rows: number;
}
