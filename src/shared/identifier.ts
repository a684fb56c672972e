import { randomFillSync } from 'node:crypto';

/** The kinds of the gateway's own identifiers: `pay_` payment, `op_` operation, `ntf_` notification, … */
export type IdentifierPrefix =
  'pay' | 'op' | 'ref' | 'sub' | 'evt' | 'ntf' | 'att' | 'cbk' | 'req' | 'idk' | 'aud' | 'qry';

const POOL_BYTES = 4096;
const pool = Buffer.allocUnsafe(POOL_BYTES);
let used = POOL_BYTES;

/**
 * Random bytes in hex, at most 4,096. From a pool, as the system's generator costs more than the rest of an
 * identifier.
 */
export function randomHex(bytes: number): string {
  if (used + bytes > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString('hex', used - bytes, used);
}

/**
 * A UUIDv7 (RFC 9562 §5.7) with a prefix: unique without coordination, and ordered by `atMs`, so that an index on it
 * grows only at its end.
 */
export function newIdentifier(prefix: IdentifierPrefix, atMs: number): string {
  const random = randomHex(10);
  const time = atMs.toString(16).padStart(12, '0');
  const variant = ((Number.parseInt(random[3]!, 16) & 0x3) | 0x8).toString(16);
  return `${prefix}_${time.slice(0, 8)}-${time.slice(8)}-7${random.slice(0, 3)}-${variant}${random.slice(4, 7)}-${random.slice(7, 19)}`;
}

/**
 * Sorts before every identifier created at `atMs` or later, and after all earlier ones: a range of time is a range of
 * the index.
 */
export function identifierFloor(prefix: IdentifierPrefix, atMs: number): string {
  const time = atMs.toString(16).padStart(12, '0');
  return `${prefix}_${time.slice(0, 8)}-${time.slice(8)}`;
}

/** When the identifier was made, in milliseconds since the epoch. */
export function timeOfIdentifier(identifier: string): number {
  const begin = identifier.indexOf('_') + 1;
  return Number.parseInt(identifier.slice(begin, begin + 8) + identifier.slice(begin + 9, begin + 13), 16);
}

const NODE_DIGITS = 12;
const MAX_STEP = 2 ** 16;

/**
 * Makes identifiers of which each sorts after those before, also of the same millisecond and after a step of the clock
 * (RFC 9562 §6.2, method 2): in this process only.
 */
export class GrowingIdentifiers {
  #last = '';

  constructor(private readonly prefix: IdentifierPrefix) {}

  /** Goes on after an identifier that an earlier process made. */
  continueAfter(last: string): void {
    if (last > this.#last) this.#last = last;
  }

  next(atMs: number): string {
    const fresh = newIdentifier(this.prefix, atMs);
    this.#last = fresh > this.#last ? fresh : successorOf(this.#last, this.prefix);
    return this.#last;
  }
}

function successorOf(identifier: string, prefix: IdentifierPrefix): string {
  const step = 1 + (Number.parseInt(randomHex(2), 16) % MAX_STEP);
  const node = Number.parseInt(identifier.slice(-NODE_DIGITS), 16) + step;
  const digits = node.toString(16).padStart(NODE_DIGITS, '0');
  if (digits.length > NODE_DIGITS) return newIdentifier(prefix, timeOfIdentifier(identifier) + 1);
  return identifier.slice(0, -NODE_DIGITS) + digits;
}
