import { Field } from '../rules/field.js';
import type { PaymentStatusName } from '../providers/answers.js';
import { oneOf, type Rule } from '../rules/rule.js';
import { issuedIdentifier } from '../rules/rules.js';
import { PAYMENT_ID_QUERY, REFUND_ID_QUERY, SUBSCRIPTION_TOKEN_QUERY } from '../http/openapi/components.js';
import type {
  AnswerDescription,
  OperationDescription,
  QueryParameter,
} from '../http/openapi/operation-description.js';

const yes: Rule = {
  name: 'yes',
  allowed: 'true',
  schema: { type: 'boolean', enum: [true] },
  accepts: (value) => value === true,
};

/** The fields that are read from a callback's body; others are allowed. */
class Callback {
  @Field(issuedIdentifier, {
    optional: true,
    description: 'The payment whose status may have changed, unless the query names it.',
    example: 'pm_7f3a',
  })
  paymentId?: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The refund whose status may have changed, alone or beside the payment.',
    example: 're_5d10',
  })
  refundId?: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The subscription whose state may have changed, alone or beside the others.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;

  @Field(oneOf(['ACCEPTED', 'FAILED', 'PENDING']), {
    optional: true,
    description: 'Believed only if it is signed and the external’s `callbackStatus` is `trusted`.',
    example: 'ACCEPTED',
  })
  status?: PaymentStatusName;
}

/** The acknowledgement (SPEC §1). */
class CallbackAcknowledgement {
  @Field(yes)
  received: true;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The payment that the callback named.',
    example: 'pm_7f3a',
  })
  paymentId?: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The refund that the callback named.',
    example: 're_5d10',
  })
  refundId?: string;

  @Field(issuedIdentifier, {
    optional: true,
    description: 'The subscription that the callback named.',
    example: 'sub_91c2',
  })
  subscriptionToken?: string;
}

const DESCRIPTION =
  'Stores and acknowledges the callback. Its content is not trusted, unless the external’s `callbackStatus` says so: the gateway queries the external for the status of what it names, and notifies the ' +
  'receivers. One that names a payment alone also has its open refunds queried. If the external cannot be queried now, the gateway retries later. For externals only, with the credentials of their `callbackAuth`.';

/** One of them at least. */
const CALLBACK_QUERY: readonly QueryParameter[] = [
  { ...PAYMENT_ID_QUERY, required: false },
  { ...REFUND_ID_QUERY, required: false },
  { ...SUBSCRIPTION_TOKEN_QUERY, required: false },
];

const ANSWER: AnswerDescription = {
  type: CallbackAcknowledgement,
  description: 'The callback was stored',
  examples: { received: { summary: 'Stored', value: { received: true, paymentId: 'pm_7f3a' } } },
};

export const CALLBACK_BY_GET: OperationDescription = {
  id: 'receiveCallback',
  tag: 'Callbacks',
  summary: 'Receive a callback',
  description: DESCRIPTION,
  query: [{ ...CALLBACK_QUERY[0]!, prefilled: true }, ...CALLBACK_QUERY.slice(1)],
  answer: ANSWER,
};

export const CALLBACK_BY_POST: OperationDescription = {
  id: 'receiveCallbackWithBody',
  tag: 'Callbacks',
  summary: 'Receive a callback with a body',
  description: `${DESCRIPTION} Query or body names the payment, the refund, the subscription or several of them; if query and body do, they must name the same. With \`standard-webhooks\`, the signed body alone names them.`,
  query: CALLBACK_QUERY,
  request: {
    type: Callback,
    mediaTypes: ['application/json', 'application/x-www-form-urlencoded'],
    open: true,
    optional: true,
    examples: {
      captured: { summary: 'Other fields are allowed', value: { paymentId: 'pm_7f3a', event: 'captured' } },
      refunded: { summary: 'A refund has ended', value: { paymentId: 'pm_7f3a', refundId: 're_5d10' } },
    },
  },
  answer: ANSWER,
};
