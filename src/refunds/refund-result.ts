import { RESULT_DESCRIPTION } from '../providers/answers.js';
import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { anyJson, issuedIdentifier, text } from '../rules/rules.js';
import type { JsonValue } from '../shared/json.js';

/** The answer to a refund as callers get it (SPEC §1): unlike that of an external, it always has an id. */
export class RefundResult {
  @Field(oneOf(['OK', 'KO', 'PENDING']), { example: 'OK' })
  result: 'OK' | 'KO' | 'PENDING';

  @Field(text, RESULT_DESCRIPTION)
  resultDescription?: string;

  @Field(issuedIdentifier, {
    description: 'The external’s id of the refund where it names one, else the gateway’s own. Never changes.',
    example: 're_5d10',
  })
  refundId: string;

  @Field(anyJson, {
    optional: true,
    description: 'Data of the external; what repeats `providerData` is masked.',
  })
  metadata?: JsonValue;
}
