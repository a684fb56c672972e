import { RefundAnswer } from '../providers/answers.js';
import { Field } from '../rules/field.js';
import { issuedIdentifier } from '../rules/rules.js';

/** The answer to a refund as callers get it (SPEC §1): every refund has an id. */
export class RefundResult extends RefundAnswer {
  @Field(issuedIdentifier, {
    description: 'The external’s id of the refund where it names one, else the gateway’s own. Never changes.',
    example: 're_5d10',
  })
  override refundId: string;
}
