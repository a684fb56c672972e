import type { PaymentStatusName } from '../providers/answers.js';
import { readContract } from '../rules/contract-reader.js';
import { Field } from '../rules/field.js';
import { oneOf } from '../rules/rule.js';
import { amount, currency, issuedIdentifier } from '../rules/rules.js';
import { readJson } from '../shared/json-reader.js';
import { isJsonObject } from '../shared/json.js';
import { Problem } from '../problems/problem.js';

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

/**
 * Reads the JSON body of a callback. Undefined if it is another text or has no `status`: the external is then queried.
 * @throws Problem `validation-failed` if the `status` or what belongs to it is not valid
 */
export function readPushedStatus(body: string | null): PushedStatus | undefined {
  const { value } = readJson(body ?? '', { duplicateNames: 'refuse', lossyNumbers: 'refuse' });
  if (!isJsonObject(value) || (value['status'] ?? undefined) === undefined) return undefined;
  const result = readContract(PushedStatus, value, { unknownFields: 'drop' });
  if (result.ok) return result.value;
  const { errors } = result;
  const [{ pointer, detail }] = errors as [(typeof errors)[number]];
  throw new Problem('validation-failed', `${pointer.slice(1)}: ${detail}.`, { errors });
}
