import { commonSpellingsOf } from '../sensitive/text-spellings.js';
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
  #anywhere: TextFinder | undefined;
  #contained: TextFinder | undefined;

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
    this.#anywhere ??= new TextFinder(this.#texts, SHORTEST, this.#budget);
    const masked = this.#anywhere.mask(text);
    if (this.#words.size === 0) return masked;
    return masked.replaceAll(WORD, (word) => (this.#words!.has(word) ? MASK : word));
  }

  /** `metadata` and `action`. */
  maskJson(value: unknown): unknown {
    this.#contained ??= new TextFinder(this.#texts, SHORTEST_CONTAINED, this.#budget);
    return maskJson(value, {
      text: (text) => (this.#equalsOne(text) ? MASK : this.#contained!.mask(text)),
      other: (leaf) => (isNumber(leaf) && this.#equalsOne(sourceOf(leaf)) ? undefined : leaf),
      hides: (name) => name === 'providerData',
    });
  }

  #equalsOne(text: string): boolean {
    return text.length >= SHORTEST && this.#texts.has(text);
  }
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
  readonly #firstUnits = new Uint8Array(0x1_0000);

  constructor(
    texts: ReadonlySet<string>,
    private readonly shortest: number,
    private readonly budget: { left: number },
  ) {
    for (const text of texts) {
      if (text.length < shortest) continue;
      this.#add(text);
      if (text.length < SHORTEST_CONTAINED) continue;
      for (const spelling of commonSpellingsOf(text)) if (spelling !== text) this.#add(spelling);
    }
    // The longest decides.
    for (const bucket of this.#byBeginning.values())
      if (bucket.length > 1) bucket.sort((a, b) => b.length - a.length);
  }

  mask(text: string): string {
    let masked = '';
    let shownUntil = 0;
    let hiddenUntil = 0;
    const last = text.length - this.shortest;
    for (let at = 0; at <= last; at += 1) {
      if (this.#firstUnits[text.charCodeAt(at)] === 0) continue;
      const length = this.#lengthAt(text, at);
      if (length === undefined) return MASK;
      if (length === 0) continue;
      if (at >= hiddenUntil) masked += `${text.slice(shownUntil, at)}${MASK}`;
      hiddenUntil = Math.max(hiddenUntil, at + length);
      shownUntil = hiddenUntil;
    }
    return shownUntil === 0 ? text : masked + text.slice(shownUntil);
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
    this.#firstUnits[text.charCodeAt(0)] = 1;
    const bucket = this.#byBeginning.get(beginning);
    if (!bucket) this.#byBeginning.set(beginning, [text]);
    else bucket.push(text);
  }
}
