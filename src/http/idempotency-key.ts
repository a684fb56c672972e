import type { IncomingMessage } from 'node:http';
import { holdsCardNumber } from '../sensitive/card-network.js';
import { Problem } from '../problems/problem.js';

const HEADER = 'idempotency-key';
const DETAIL =
  'must be one string of 1 to 255 printable ASCII characters, bare or in double quotes, and must not hold a card number';
/** RFC 8941 §3.3.3: a quoted string, with `\"` and `\\` escaped. */
const QUOTED = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/;
const BARE = /^[\x20-\x7e]{1,255}$/;

/** The caller's `Idempotency-Key` without its quotes, or undefined if there is none (SPEC §4). */
export function idempotencyKeyOf({ headersDistinct }: IncomingMessage): string | undefined {
  const values = headersDistinct[HEADER];
  if (values === undefined) return undefined;
  const key = values.length === 1 ? unquote(values[0]!) : '';
  if (!BARE.test(key) || holdsCardNumber(key)) {
    throw new Problem('validation-failed', `Idempotency-Key: ${DETAIL}.`, {
      errors: [{ pointer: '/headers/idempotency-key', detail: DETAIL }],
    });
  }
  return key;
}

function unquote(value: string): string {
  const quoted = QUOTED.exec(value)?.[1]?.replaceAll(/\\(["\\])/g, '$1');
  if (quoted !== undefined) return quoted;
  return value.startsWith('"') ? '' : value;
}
