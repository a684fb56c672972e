import { innerBase64Of, spellingsOf } from './text-spellings.js';

const MASK = '***';
/** Shorter ones occur by chance: a text would lose ordinary words. */
const SHORTEST = 6;
/** In a link, which has to work, and that does not work without what is masked. */
const SHORTEST_IN_LINK = 12;
/** In an id, of which an external may make a part of anything: as long as a secret is that is not weak (SPEC §6). */
const SHORTEST_IN_ID = 22;

/**
 * Removes the secrets that the gateway sends to a peer from what the peer answers (`bad token: Bearer …`): as they are, in
 * any letter case, percent-encoded, escaped for JSON and HTML, in hexadecimal digits, and in base64, also in the middle of
 * something longer. Not found: a secret that is hashed, encrypted, split, or shorter than six characters.
 */
export class SecretMask {
  readonly #secrets: ReadonlySet<string>;
  readonly #anywhere: RegExp | undefined;
  readonly #inLinks: RegExp | undefined;
  readonly #inIds: RegExp | undefined;

  constructor(secrets: readonly string[]) {
    this.#secrets = new Set(secrets.filter((secret) => secret !== ''));
    this.#anywhere = patternOf(this.#secrets, SHORTEST);
    this.#inLinks = patternOf(this.#secrets, SHORTEST_IN_LINK);
    this.#inIds = patternOf(this.#secrets, SHORTEST_IN_ID);
  }

  /**
   * Whether anything may have to be masked in a JSON text, before it is parsed. Escapes hide a text from a search, and are
   * rare.
   */
  mayOccurIn(json: string): boolean {
    if (!this.#anywhere) return false;
    return json.includes('\\') || this.#anywhere.test(json);
  }

  mask(text: string): string {
    return this.#anywhere ? text.replaceAll(withFlag(this.#anywhere), MASK) : text;
  }

  maskLink(link: string): string {
    return this.#inLinks ? link.replaceAll(withFlag(this.#inLinks), MASK) : link;
  }

  /** An id cannot be masked: it would name something else. */
  isInId(id: string): boolean {
    return (id.length >= SHORTEST && this.#secrets.has(id)) || (this.#inIds?.test(id) ?? false);
  }
}

export const NO_SECRETS = new SecretMask([]);

const global = new WeakMap<RegExp, RegExp>();

/** `test` of a pattern with the flag `g` would remember a place. */
function withFlag(pattern: RegExp): RegExp {
  let found = global.get(pattern);
  if (!found) global.set(pattern, (found = new RegExp(pattern.source, 'gi')));
  return found;
}

function patternOf(secrets: ReadonlySet<string>, shortest: number): RegExp | undefined {
  const texts = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortest) continue;
    const hex = Buffer.from(secret).toString('hex');
    const all = [secret, hex, ...spellingsOf(secret), ...innerBase64Of(secret)];
    for (const text of all) if (text.length >= shortest) texts.add(text.toLowerCase());
  }
  if (texts.size === 0) return undefined;
  // The longest first: an alternative may be the beginning of another.
  const longest = [...texts].toSorted((a, b) => b.length - a.length);
  return new RegExp(
    longest.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join('|'),
    'i',
  );
}
