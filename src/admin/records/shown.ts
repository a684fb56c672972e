import { maskCardNumbers, maskCardNumbersIn } from '../../sensitive/card-number.js';
import { readJson, type JsonBounds } from '../../shared/json-reader.js';
import { isJsonObject } from '../../shared/json.js';

/** Stored values as operators see them. Texts of callers and externals are masked once more. */

export function shownTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Undefined, and so absent in JSON, for null. */
export function shownTimeOrNone(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : shownTime(ms);
}

/**
 * An id that the external issued, whole: one that looks like a card number is none, and an operator must find it at the
 * external (SPEC §1).
 */
export function shownIssuedId(id: string | null | undefined): string | undefined {
  return id ?? undefined;
}

export function shownText(text: string | null | undefined): string | undefined {
  return text === null || text === undefined ? undefined : maskCardNumbers(text);
}

const STORED: JsonBounds = { byteOrderMark: 'ignore', duplicateNames: 'keep-last', lossyNumbers: 'keep' };
const ISSUED_IDS = ['paymentId', 'refundId', 'subscriptionToken'];

/**
 * The value of a JSON text, masked but for the ids that the external issued, its numbers as they are stored; a text
 * that is not JSON stays a text.
 */
export function shownJson(json: string | null): unknown {
  if (json === null) return undefined;
  const { value, violations } = readJson(json, STORED);
  if (violations.length > 0) return maskCardNumbers(json);
  const masked = maskCardNumbersIn(value);
  if (masked === value || !isJsonObject(value) || !isJsonObject(masked)) return masked;
  const ids = ISSUED_IDS.filter((name) => typeof value[name] === 'string').map((name) => [name, value[name]]);
  return { ...masked, ...(Object.fromEntries(ids) as object) };
}

/** The trace of a W3C `traceparent`, as log lines and tracing tools name it. */
export function shownTraceId(traceparent: string | null | undefined): string | undefined {
  return traceparent?.split('-')[1];
}
