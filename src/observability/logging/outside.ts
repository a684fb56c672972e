import { maskCardNumbers } from '../../sensitive/card-number.js';

const SHOWN_CHARACTERS = 512;

/** Text from outside as it may be logged: card numbers masked, length limited (SPEC §8). */
export function outside(text: string): string {
  const masked = maskCardNumbers(text);
  return masked.length > SHOWN_CHARACTERS ? `${masked.slice(0, SHOWN_CHARACTERS)}…` : masked;
}

const MAX_DEPTH = 6;

/**
 * `value` with {@link outside} applied to each text in it. Numbers stay: the gateway logs only its own (times,
 * counts), and one in ten 13-digit times looks like a card number. Errors become plain objects, their causes
 * included.
 */
export function outsideIn(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return outside(value);
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '…';
  if (value instanceof Error) return errorFields(value, depth);
  // Secrets and dates have a `toJSON` of their own.
  if (showsItself(value)) return outsideIn(value.toJSON(), depth + 1);
  if (Array.isArray(value)) return value.map((item) => outsideIn(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, outsideIn(member, depth + 1)]),
  );
}

function showsItself(value: object): value is { toJSON(): unknown } {
  return 'toJSON' in value && typeof value.toJSON === 'function';
}

/** Name, message and stack of an error, never its other members: they may hold a request. */
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
