import type { ExternalConfig } from '../config/external-config.js';
import type { OperationName } from '../config/external-operation.js';
import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { isJsonObject } from '../shared/json.js';
import { type AnsweredSubscriptionStatus, SubscriptionStatusFields } from './answers.js';

/** `compatibility` of an external: what its answers may have besides the contract (docs/moving-from-pgm.md). */

class Pgm12SubscriptionStatusAnswer extends SubscriptionStatusFields {
  @Field(oneOf(['PENDING', 'ACTIVE', 'PAST_DUE', 'EXPIRED', 'CANCELED', 'UNKNOWN']))
  status: AnsweredSubscriptionStatus;
}

type Compatibility = Pick<ExternalConfig, 'compatibility'>;

/** The type by which the answer to `operation` is read. */
export function compatibleType<A extends object>(
  { compatibility }: Compatibility,
  operation: OperationName,
  type: new () => A,
): new () => A {
  const isWider = compatibility === 'pgm-12' && operation === 'subscription/status';
  return isWider ? (Pgm12SubscriptionStatusAnswer as unknown as new () => A) : type;
}

/** The answer in the contract's names: `resultCode` of pay-by-link is its `result`, where it has none. */
export function compatibleAnswer(
  { compatibility }: Compatibility,
  operation: OperationName,
  json: unknown,
): unknown {
  if (compatibility !== 'pgm-12' || operation !== 'pay-by-link' || !isJsonObject(json)) return json;
  const { resultCode, ...answer } = json;
  return { ...answer, result: answer['result'] ?? resultCode };
}
