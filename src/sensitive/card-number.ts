import { findCardNumbers } from './card-number-scanner.js';

const ASTERISK = 0x2a;
const MIN_DIGITS = 13;
const LAST_SHOWN = 4;
/** Numbers below have fewer than 13 digits. */
const SMALLEST_CARD = 1e12;

/**
 * The text with everything that looks like a card number masked but its last four digits, which PCI DSS 4.0 (3.4.1)
 * allows to be shown; the text itself if there is none.
 *
 * A card number is 13 to 19 ASCII digits that pass the Luhn check, unbroken or in groups. Between groups are one to
 * three spaces, dashes or `+` (form encoding), of any kind and mixed; or any other one ASCII punctuation mark, the
 * same throughout, between groups of three digits or more (otherwise dates and addresses would be masked). Percent
 * escapes of all these count too; invisible characters between digits are ignored. It may touch letters and stand
 * beside other groups of digits (`4111111111111111 12/27`), but is no part of a longer unbroken run. The issuer is not
 * checked, so one in ten numbers of that length is masked without need.
 *
 * Left alone: UUIDs, and so the gateway's own ids; W3C trace contexts; lower-case hex of 32, 40 or 64 digits. Not
 * found: digits of other scripts, other encodings (base64, digits as words), and numbers that are split over several
 * texts.
 */
export function maskCardNumbers(text: string): string {
  if (text.length < MIN_DIGITS) return text;
  const found = findCardNumbers(text);
  if (found.length === 0) return text;
  const codeUnits = Buffer.from(text, 'utf16le');
  let hidden = { chain: found[0]!.chain, until: 0 };
  for (const { chain, start, end, originalPlace } of found) {
    if (chain !== hidden.chain) hidden = { chain, until: 0 };
    for (let digit = Math.max(start, hidden.until); digit < end - LAST_SHOWN; digit += 1) {
      const place = chain.places[digit]!;
      // An escaped digit has three characters.
      for (let at = originalPlace(place); at < originalPlace(place + 1); at += 1) {
        codeUnits.writeUInt16LE(ASTERISK, at * 2);
      }
      hidden.until = digit + 1;
    }
  }
  return codeUnits.toString('utf16le');
}

interface Frame {
  readonly source: object;
  readonly entries: [key: string, value: unknown][];
  next: number;
  changed: boolean;
}

/**
 * {@link maskCardNumbers} for each text, number and key in a JSON value, at any depth; a number that looks like a
 * card's becomes a text. Returns the same value if nothing was masked, else a plain copy of what leads to it.
 * Without recursion, so that no depth overflows the stack; a circle ends in `[circular]`.
 */
export function maskCardNumbersIn(value: unknown): unknown {
  if (!isContainer(value)) return maskedLeaf(value);
  const root = frameOf(value);
  const path: Frame[] = [root];
  const open = new Set<object>([value]);
  for (;;) {
    const frame = path.at(-1)!;
    const entry = frame.entries[frame.next];
    if (entry === undefined) {
      path.pop();
      open.delete(frame.source);
      const parent = path.at(-1);
      if (!parent) return resultOf(frame);
      replaceCurrent(parent, resultOf(frame));
    } else if (!isContainer(entry[1])) {
      replaceCurrent(frame, maskedLeaf(entry[1]));
    } else if (open.has(entry[1])) {
      replaceCurrent(frame, '[circular]');
    } else {
      open.add(entry[1]);
      path.push(frameOf(entry[1]));
    }
  }
}

/** Bytes are no text: they would be read as a list of numbers. */
function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

function maskedLeaf(value: unknown): unknown {
  if (typeof value === 'string') return maskCardNumbers(value);
  if (typeof value === 'bigint' || (typeof value === 'number' && Math.abs(value) >= SMALLEST_CARD)) {
    const text = String(value);
    const masked = maskCardNumbers(text);
    return masked === text ? value : masked;
  }
  return value;
}

function frameOf(source: object): Frame {
  return { source, entries: Object.entries(source), next: 0, changed: false };
}

function replaceCurrent(frame: Frame, value: unknown): void {
  const entry = frame.entries[frame.next]!;
  const key = Array.isArray(frame.source) ? entry[0] : maskCardNumbers(entry[0]);
  frame.changed ||= key !== entry[0] || value !== entry[1];
  frame.entries[frame.next] = [key, value];
  frame.next += 1;
}

function resultOf({ source, entries, changed }: Frame): object {
  if (!changed) return source;
  // fromEntries defines each key as its own property, `__proto__` included.
  return Array.isArray(source) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}
