import { maskCardNumbers, maskCardNumbersIn } from '../../sensitive/card-number.js';
import { holdsCardNumber } from '../../sensitive/card-network.js';

/** How what is stored is shown to operators. What came from outside may hold anything, and is masked once more. */

export function shownTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** Undefined, and so absent in JSON, for null. */
export function shownTimeOrNone(ms: number | null | undefined): string | undefined {
  return ms === null || ms === undefined ? undefined : shownTime(ms);
}

/**
 * An identifier of a caller's or an external's. Numbers that no card network could have issued stay: one in ten long numbers
 * would be masked for nothing, and then nobody could look it up.
 */
export function shownIdentifier(identifier: string | null): string | undefined {
  if (identifier === null) return undefined;
  return holdsCardNumber(identifier) ? maskCardNumbers(identifier) : identifier;
}

export function shownText(text: string | null): string | undefined {
  return text === null ? undefined : maskCardNumbers(text);
}

/** JSON text as its value, masked; what is none as text. */
export function shownJson(json: string | null): unknown {
  if (json === null) return undefined;
  try {
    return maskCardNumbersIn(JSON.parse(json));
  } catch {
    return maskCardNumbers(json);
  }
}

/** The trace of a W3C `traceparent`, as log lines and tracing tools name it. */
export function traceIdOf(traceparent: string | null): string | undefined {
  return traceparent?.split('-')[1];
}
