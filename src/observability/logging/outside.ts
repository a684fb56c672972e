import { maskCardNumbers } from '../../sensitive/card-number.js';

const SHOWN_CHARACTERS = 512;

/** A text of somebody else's as it may stand in a log line: card numbers masked, and not without end (SPEC §8). */
export function outside(text: string): string {
  const masked = maskCardNumbers(text);
  return masked.length > SHOWN_CHARACTERS ? `${masked.slice(0, SHOWN_CHARACTERS)}…` : masked;
}

const MAX_DEPTH = 6;

/**
 * `value` with each text in it as {@link outside} leaves it. Numbers stay: those that rooms log are their own (times, counts),
 * and one in ten 13-digit times looks like a card's. Errors become plain objects, their causes included.
 */
export function outsideIn(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return outside(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '…';
  if (value instanceof Error) return errorFields(value, depth);
  // Secrets and dates know best how to show themselves.
  if (showsItself(value)) return outsideIn(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return value.map((item) => outsideIn(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, outsideIn(member, depth + 1)]),
  );
}

function showsItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Of an error: what it is and where, never its other members: they may hold a request. */
function errorFields(error: Error, depth: number): object {
  const { code } = error as { code?: unknown };
  return {
    type: error.name,
    message: outside(error.message),
    ...(typeof code === 'string' && { code }),
    ...(error.stack !== undefined && { stack: stackOf(error.stack) }),
    ...(error.cause !== undefined && { cause: outsideIn(error.cause, depth + 1) }),
  };
}

const STACK_CHARACTERS = 4_096;

function stackOf(stack: string): string {
  return maskCardNumbers(stack).slice(0, STACK_CHARACTERS);
}
