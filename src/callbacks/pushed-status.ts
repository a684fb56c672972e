import { invalid, invalidFields } from '../http/request-parameters.js';
import type { PaymentStatusName } from '../providers/answers.js';
import { readContract } from '../rules/contract-reader.js';
import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { amount, currency, issuedIdentifier } from '../rules/rules.js';
import { type JsonBounds, readJson } from '../shared/json-reader.js';
import { isJsonObject } from '../shared/json.js';

/** What the signed body of a callback says about its payment, where the external is trusted (SPEC §2). */
export class PushedStatus {
  @Field(oneOf(['ACCEPTED', 'FAILED', 'PENDING']))
  status: PaymentStatusName;

  @Field(issuedIdentifier, { optional: true })
  shopTransactionId?: string;

  @Field(amount(0), { optional: true })
  amount?: number;

  @Field(currency, { optional: true })
  currency?: string;
}

/** The reader of the callback has refused duplicate names of `paymentId` only. */
const BOUNDS: JsonBounds = {
  byteOrderMark: 'ignore',
  duplicateNames: 'refuse',
  lossyNumbers: 'round',
  maxViolations: 100,
};
/** A second value of one of these would be another reading of the same bytes. */
const READ = ['status', 'shopTransactionId', 'amount', 'currency'].map((name) => `/${name}`);

/**
 * Reads the JSON body of a callback. Undefined if it is another text, has no `status`, or names a refund or a subscription,
 * whose status it may be: the external is then queried.
 * @throws Problem `validation-failed` if the `status` or what belongs to it is not valid
 */
export function readPushedStatus(body: string | null): PushedStatus | undefined {
  const { value, violations } = readJson(body ?? '', BOUNDS);
  if (!isJsonObject(value) || (value['status'] ?? undefined) === undefined) return undefined;
  if (['refundId', 'subscriptionToken'].some((name) => (value[name] ?? undefined) !== undefined))
    return undefined;
  const twice = violations.find((violation) => 'pointer' in violation && READ.includes(violation.pointer));
  if (twice) throw invalid((twice as { pointer: string }).pointer, 'must be given once');
  const result = readContract(PushedStatus, value, { unknownFields: 'drop' });
  if (result.ok) return result.value;
  throw invalidFields(result.errors);
}
