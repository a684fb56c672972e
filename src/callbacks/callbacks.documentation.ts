import { Field } from '../rules/field.js';
import type { Rule } from '../rules/rule.js';
import { identifier } from '../rules/rules.js';
import { PAYMENT_ID_QUERY } from '../http/openapi/components.js';
import type { AnswerDescription, OperationDescription } from '../http/openapi/operation-description.js';

const yes: Rule = {
  name: 'yes',
  allowed: 'true',
  schema: { type: 'boolean', enum: [true] },
  accepts: (value) => value === true,
};

/** What an external may send: whatever it likes, of which only this is read. */
class Callback {
  @Field(identifier, {
    optional: true,
    description: 'The payment that there is news of, unless the query names it.',
    example: 'pm_7f3a',
  })
  paymentId?: string;
}

/** The acknowledgement (SPEC §1). */
class CallbackAcknowledgement {
  @Field(yes)
  received: true;

  @Field(identifier, { example: 'pm_7f3a' })
  paymentId: string;
}

const DESCRIPTION =
  'For externals alone, by the credentials of their `callbackAuth`. The message is written down and acknowledged; it is not believed: the ' +
  'gateway asks the external for the status, and notifies the receiver. Where it cannot be asked now, that is tried again later.';

const ANSWER: AnswerDescription = {
  type: CallbackAcknowledgement,
  description: 'It is written down',
  examples: { received: { summary: 'Written down', value: { received: true, paymentId: 'pm_7f3a' } } },
};

export const CALLBACK_BY_GET: OperationDescription = {
  id: 'receiveCallback',
  tag: 'Callbacks',
  summary: 'Tell that there is news of a payment',
  description: DESCRIPTION,
  query: [PAYMENT_ID_QUERY],
  answer: ANSWER,
};

export const CALLBACK_BY_POST: OperationDescription = {
  id: 'receiveCallbackWithBody',
  tag: 'Callbacks',
  summary: 'Tell that there is news of a payment, with a body',
  description: `${DESCRIPTION} Query or body names the payment; where both do, it is the same one.`,
  query: [{ ...PAYMENT_ID_QUERY, required: false }],
  request: {
    type: Callback,
    mediaTypes: ['application/json', 'application/x-www-form-urlencoded'],
    open: true,
    optional: true,
    examples: {
      news: { summary: 'Other fields are allowed', value: { paymentId: 'pm_7f3a', event: 'captured' } },
    },
  },
  answer: ANSWER,
};
