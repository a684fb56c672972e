import { type Find, inBase64Too, maskFound, type Span } from '../sensitive/encoded-text.js';
import { maskJson } from '../sensitive/masked-json.js';
import { isJsonObject, isRawJson } from '../shared/json.js';

const MASK = '***';
/** A value of `metadata` or `action` that equals a text of this length is masked, and any part of a free text. */
const SHORTEST = 6;
/** A value of `metadata` or `action` that contains a text of this length. */
const SHORTEST_CONTAINED = 12;
/** A CVV or PIN is a whole word of a free text. */
const WORD = /[\p{L}\p{N}]+/gu;
const SHORT_NUMBER = /^(?=.*\d).{3,5}$/s;
/** Compared characters for one answer. Texts that begin alike could cost seconds; what is left then is masked whole. */
const BUDGET = 1_000_000;

/** The texts of a request's `providerData`, for what an external repeats of them (SPEC §2, §8). */
export class ProviderDataMask {
  readonly #texts: ReadonlySet<string>;
  readonly #budget = { left: BUDGET };
  #words: ReadonlySet<string> | undefined;
  #anywhere: Find | undefined;
  #contained: Find | undefined;

  private constructor(texts: ReadonlySet<string>) {
    this.#texts = texts;
  }

  /** Undefined for a request without `providerData`. A text that another field of the request has too is not secret. */
  static of(request: object | undefined): ProviderDataMask | undefined {
    if (!request || !('providerData' in request)) return undefined;
    const { providerData, ...rest } = request;
    const texts = textsIn(providerData);
    for (const other of textsIn(rest)) texts.delete(other);
    return texts.size === 0 ? undefined : new ProviderDataMask(texts);
  }

  /** `detail`, `message`, `resultDescription`, and the headers of an answer. */
  maskText(text: string): string {
    this.#words ??= new Set([...this.#texts].filter((each) => SHORT_NUMBER.test(each)));
    this.#anywhere ??= this.#finder(SHORTEST);
    const masked = maskFound(text, this.#anywhere);
    if (this.#words.size === 0) return masked;
    return masked.replaceAll(WORD, (word) => (this.#words!.has(word) ? MASK : word));
  }

  /** `metadata` and `action`. */
  maskJson(value: unknown): unknown {
    const contained = (this.#contained ??= this.#finder(SHORTEST_CONTAINED));
    return maskJson(value, {
      text: (text) => (this.#equalsOne(text) ? MASK : maskFound(text, contained)),
      other: (leaf) => (isNumber(leaf) && this.#equalsOne(sourceOf(leaf)) ? undefined : leaf),
      hides: isProviderData,
    });
  }

  #finder(shortest: number): Find {
    if (![...this.#texts].some((text) => text.length >= shortest)) return () => [];
    const finder = new TextFinder(this.#texts, shortest, this.#budget);
    return inBase64Too((text) => finder.find(text));
  }

  #equalsOne(text: string): boolean {
    return text.length >= SHORTEST && this.#texts.has(text);
  }
}

/** An external may call what it copies as its own language writes names. */
const PROVIDER_DATA = /^provider[_-]?data$/i;
/** Of a name that is not escaped. */
const MAY_NAME_PROVIDER_DATA = /provider[_-]?data|\\/i;

function isProviderData(name: string): boolean {
  return PROVIDER_DATA.test(name);
}

/** Whether a value has members that {@link maskProviderDataMembers} masks, by its JSON text. */
export function mayNameProviderData(json: string): boolean {
  return MAY_NAME_PROVIDER_DATA.test(json);
}

/** Where a request has no `providerData`, as a status query, its copies can be recognised by their name alone. */
export function maskProviderDataMembers(value: unknown): unknown {
  return maskJson(value, { text: (text) => text, other: (leaf) => leaf, hides: isProviderData });
}

/** Texts, and numbers as they are written. */
function textsIn(value: unknown): Set<string> {
  const texts = new Set<string>();
  const waiting = [value];
  while (waiting.length > 0) {
    const next = waiting.pop();
    if (typeof next === 'string') texts.add(next);
    else if (isNumber(next)) texts.add(sourceOf(next));
    // Not `push(...)`: an array may have more items than a call may have arguments.
    else if (Array.isArray(next)) for (const item of next) waiting.push(item);
    else if (isJsonObject(next)) for (const member of Object.values(next)) waiting.push(member);
  }
  return texts;
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'bigint' || isRawJson(value);
}

function sourceOf(value: unknown): string {
  return isRawJson(value) ? value.rawJSON : String(value);
}

/** Finds many texts in another one, by their first `shortest` characters. */
class TextFinder {
  readonly #byBeginning = new Map<string, string[]>();
  /** By the low byte of the first character: most places are passed over without a slice. A table of all is 64 KiB. */
  readonly #firstBytes = new Uint8Array(0x100);

  constructor(
    texts: ReadonlySet<string>,
    private readonly shortest: number,
    private readonly budget: { left: number },
  ) {
    for (const text of texts) if (text.length >= shortest) this.#add(text);
    // The longest decides.
    for (const bucket of this.#byBeginning.values())
      if (bucket.length > 1) bucket.sort((a, b) => b.length - a.length);
  }

  /** The whole text where the budget is spent. */
  find(text: string): readonly Span[] {
    const spans: Span[] = [];
    const last = text.length - this.shortest;
    for (let start = 0; start <= last; start += 1) {
      if (this.#firstBytes[text.charCodeAt(start) & 0xff] === 0) continue;
      const length = this.#lengthAt(text, start);
      if (length === undefined) return [{ start: 0, end: text.length }];
      if (length > 0) spans.push({ start, end: start + length });
    }
    return spans;
  }

  /** Of the longest text that stands at this place, 0 without one; undefined where the budget is spent. */
  #lengthAt(text: string, at: number): number | undefined {
    const bucket = this.#byBeginning.get(text.slice(at, at + this.shortest));
    if (!bucket) return 0;
    for (const candidate of bucket) {
      this.budget.left -= candidate.length;
      if (this.budget.left < 0) return undefined;
      if (text.startsWith(candidate, at)) return candidate.length;
    }
    return 0;
  }

  #add(text: string): void {
    const beginning = text.slice(0, this.shortest);
    this.#firstBytes[text.charCodeAt(0) & 0xff] = 1;
    const bucket = this.#byBeginning.get(beginning);
    if (!bucket) this.#byBeginning.set(beginning, [text]);
    else bucket.push(text);
  }
}
