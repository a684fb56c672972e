import { maskCardNumbers, maskCardNumbersIn } from '../../sensitive/card-number.js';
import { holdsCardNumber } from '../../sensitive/card-network.js';

/** Stored values as operators see them. Texts of callers and externals are masked once more. */

export function shownTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Undefined, and so absent in JSON, for null. */
export function shownTimeOrNone(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : shownTime(ms);
}

/**
 * An identifier of a caller or an external. Only numbers that a card network could have issued are masked: else one in
 * ten long numbers would be, and an operator could not look it up.
 */
export function shownIdentifier(identifier: string | null | undefined): string | undefined {
  if (identifier === null || identifier === undefined) return undefined;
  return holdsCardNumber(identifier) ? maskCardNumbers(identifier) : identifier;
}

export function shownText(text: string | null | undefined): string | undefined {
  return text === null || text === undefined ? undefined : maskCardNumbers(text);
}

/** The value of a JSON text, masked; a text that is not JSON stays a text. */
export function shownJson(json: string | null): unknown {
  if (json === null) return undefined;
  try {
    return maskCardNumbersIn(JSON.parse(json));
  } catch {
    return maskCardNumbers(json);
  }
}

/** The trace of a W3C `traceparent`, as log lines and tracing tools name it. */
export function shownTraceId(traceparent: string | null | undefined): string | undefined {
  return traceparent?.split('-')[1];
}
