import { type Find, isFoundIn, maskFound, mayBeEscaped } from './encoded-text.js';

/** Shorter ones occur by chance: a text would lose ordinary words. */
const SHORTEST = 6;
/** In a link, which has to work, and that does not work without what is masked. */
const SHORTEST_IN_LINK = 12;
/** In an id, of which an external may make a part of anything: as long as a secret is that is not weak (SPEC §6). */
const SHORTEST_IN_ID = 22;

/**
 * Removes secrets from what a peer says (`bad token: Bearer …`): as they are, in any letter case, behind escapes of URLs,
 * JSON and HTML, over line breaks, in hexadecimal digits, and in base64, also in the middle of something longer. Not
 * found: a secret that is hashed, encrypted, split, or shorter than six characters.
 */
export class SecretMask {
  readonly #secrets: ReadonlySet<string>;
  readonly #anywhere: RegExp | undefined;
  readonly #inTexts: Find;
  readonly #inLinks: Find;
  readonly #inIds: Find;

  constructor(secrets: readonly string[]) {
    this.#secrets = new Set(secrets.filter((secret) => secret !== ''));
    this.#anywhere = patternOf(this.#secrets, SHORTEST);
    this.#inTexts = findBy(this.#anywhere);
    this.#inLinks = findBy(patternOf(this.#secrets, SHORTEST_IN_LINK));
    this.#inIds = findBy(patternOf(this.#secrets, SHORTEST_IN_ID));
  }

  /** Whether anything may have to be masked in a JSON text, before it is parsed. Escapes hide a text from a search. */
  mayOccurIn(json: string): boolean {
    if (!this.#anywhere) return false;
    return mayBeEscaped(json) || json.search(this.#anywhere) !== -1;
  }

  mask(text: string): string {
    return this.#anywhere ? maskFound(text, this.#inTexts) : text;
  }

  maskLink(link: string): string {
    return this.#anywhere ? maskFound(link, this.#inLinks) : link;
  }

  /** An id cannot be masked: it would name something else. */
  isInId(id: string): boolean {
    return (id.length >= SHORTEST && this.#secrets.has(id)) || isFoundIn(id, this.#inIds);
  }
}

export const NO_SECRETS = new SecretMask([]);

function findBy(pattern: RegExp | undefined): Find {
  if (!pattern) return () => [];
  return (text) =>
    Array.from(text.matchAll(pattern), ({ 0: found, index: start }) => ({
      start,
      end: start + found.length,
    }));
}

function patternOf(secrets: ReadonlySet<string>, shortest: number): RegExp | undefined {
  const texts = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortest) continue;
    const hex = Buffer.from(secret).toString('hex');
    // A form writes a space as a plus.
    const all = [secret, secret.replaceAll(' ', '+'), hex, ...innerBase64Of(secret)];
    for (const text of all) if (text.length >= shortest) texts.add(text.toLowerCase());
  }
  if (texts.size === 0) return undefined;
  // The longest first: an alternative may be the beginning of another.
  const longest = [...texts].toSorted((a, b) => b.length - a.length);
  return new RegExp(
    longest.map((text) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)).join('|'),
    'gi',
  );
}

/**
 * The base64 that a text has wherever it stands in a longer one, in three alignments: without the characters that it
 * shares with its neighbours.
 */
function innerBase64Of(text: string): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    const inner = bytes.toString('base64').slice(Math.ceil((before * 8) / 6), whole);
    return [inner, inner.replaceAll('+', '-').replaceAll('/', '_')];
  });
}
