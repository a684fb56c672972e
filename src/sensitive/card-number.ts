import { findCardDigits } from './card-number-scanner.js';

const ASTERISK = 0x2a;
const MIN_DIGITS = 13;
/** Numbers below have fewer than 13 digits. */
const SMALLEST_CARD = 1e12;

/**
 * The text with everything that looks like a card number masked but its last four digits, which PCI DSS 4.0 (3.4.1) lets
 * be shown; the text itself where there is none.
 *
 * A card number is 13 to 19 digits that pass the Luhn check, unbroken or in groups. Between groups stand one to three spaces,
 * dashes or `+` (form encoding), of any kind and mixed; or any other one ASCII punctuation mark, the same throughout, between
 * groups of three digits or more (else dates and addresses would be masked). Percent escapes of all these, and digits of other
 * scripts, count too; invisible characters between are overlooked. It may touch letters and stand beside other groups
 * of digits (`4111111111111111 12/27`), but is no part of a longer unbroken run. Which network issued it is not asked, so one
 * in ten numbers of that length is masked for nothing: that is the price of letting none through.
 *
 * Left alone: UUIDs, and so the gateway's own ids; W3C trace contexts; lower-case hex of 32, 40 or 64 digits. Not found: what is
 * encoded otherwise (base64, digits as words), or split over several texts.
 */
export function maskCardNumbers(text: string): string {
  if (text.length < MIN_DIGITS) return text;
  const hidden = findCardDigits(text);
  if (hidden.length === 0) return text;
  const codeUnits = Buffer.from(text, 'utf16le');
  for (const place of hidden) codeUnits.writeUInt16LE(ASTERISK, place * 2);
  return codeUnits.toString('utf16le');
}

interface Frame {
  readonly source: object;
  readonly entries: [key: string, value: unknown][];
  next: number;
  changed: boolean;
}

/**
 * {@link maskCardNumbers} for each text, number and key in a JSON value, at any depth; a number that looks like a card's
 * becomes a text. Returns the same value where nothing was masked, else a plain copy of what leads to it.
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

/** Bytes are no text: they would be read number by number. */
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
