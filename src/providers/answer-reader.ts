import type { FieldError } from '../rules/field-error.js';
import { type ContractResult, readContract } from '../rules/contract-reader.js';
import { issuedIdentifier } from '../rules/rules.js';
import { maskCardNumbers, maskCardNumbersIn } from '../sensitive/card-number.js';
import { isJsonObject } from '../shared/json.js';
import type { IssuedIds } from './provider-outcome.js';

/** Fields of a query that its answer must repeat or omit. */
export type QueriedFields = Readonly<Record<string, string>>;

/** The members of an answer in which an external may write any text. */
interface FreeTexts {
  resultDescription?: string;
  metadata?: unknown;
  action?: unknown;
}

/** The links of an answer, and the ids that a link may hold: they are issued, and may look like card numbers. */
interface Links {
  redirectToUrl?: string;
  redirectToUrlMobile?: string;
  link?: string;
  paymentId?: string;
  subscriptionToken?: string;
}

/**
 * Reads a parsed JSON body as an answer of the contract. An answer that names another payment, refund or subscription than
 * `queried` is a violation. Card numbers in free texts and links are masked (SPEC §8); ids stay as they are, as the
 * external has to recognise them.
 */
export function readAnswer<A extends object>(
  type: new () => A,
  json: unknown,
  queried: QueriedFields,
): ContractResult<A> {
  const result = readContract(type, json, { unknownFields: 'drop' });
  if (!result.ok) return result;
  const errors = contradictions(result.value, queried);
  if (errors.length > 0) return { ok: false, errors };
  maskFreeTexts(result.value);
  maskLinks(result.value);
  return result;
}

/** The valid ids in an answer that is invalid for another reason. */
export function issuedIds(json: unknown): IssuedIds {
  if (!isJsonObject(json)) return {};
  const { paymentId, refundId, subscriptionToken } = json;
  return {
    ...(issuedIdentifier.accepts(paymentId) && { paymentId }),
    ...(issuedIdentifier.accepts(refundId) && { refundId }),
    ...(issuedIdentifier.accepts(subscriptionToken) && { subscriptionToken }),
  };
}

/** Longer than any description for a person. A card number may cross the end: it is masked before the text is cut. */
const MAX_DESCRIPTION_LENGTH = 8_192;

function description(text: string): string {
  return maskCardNumbers(text.slice(0, MAX_DESCRIPTION_LENGTH + 256))
    .slice(0, MAX_DESCRIPTION_LENGTH)
    .toWellFormed();
}

function contradictions(answer: object, queried: QueriedFields): FieldError[] {
  return Object.entries(queried)
    .filter(([name, value]) => ((answer as Record<string, unknown>)[name] ?? value) !== value)
    .map(([name]) => ({ pointer: `/${name}`, detail: 'must be the one that was queried' }));
}

function maskFreeTexts(answer: FreeTexts): void {
  if (answer.resultDescription !== undefined)
    answer.resultDescription = description(answer.resultDescription);
  if (answer.metadata !== undefined) answer.metadata = maskCardNumbersIn(answer.metadata);
  if (answer.action !== undefined) answer.action = maskCardNumbersIn(answer.action);
}

function maskLinks(answer: Links): void {
  for (const name of ['redirectToUrl', 'redirectToUrlMobile', 'link'] as const) {
    const link = answer[name];
    if (link !== undefined) answer[name] = maskedLink(link, [answer.paymentId, answer.subscriptionToken]);
  }
}

function maskedLink(link: string, ids: readonly (string | undefined)[]): string {
  const masked = maskCardNumbers(link);
  const id = masked === link ? undefined : ids.find((each) => each !== undefined && link.includes(each));
  return id === undefined ? masked : link.split(id).map(maskCardNumbers).join(id);
}
