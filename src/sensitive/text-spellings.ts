/** Neither percent-encoding nor JSON nor HTML escapes these (RFC 3986 §2.3, without `~`, which forms escape). */
const PLAIN = /^[\w.-]*$/;

/** How a program writes a text that it repeats: escaped for JSON or in a URL, or in base64. */
export function commonSpellingsOf(text: string): readonly string[] {
  const base64 = Buffer.from(text).toString('base64').replace(/=+$/, '');
  const inBase64 = /[+/]/.test(base64) ? [base64, toBase64Url(base64)] : [base64];
  // Most texts: the others cost ten times as much.
  if (PLAIN.test(text)) return inBase64;
  return [...inBase64, JSON.stringify(text).slice(1, -1), encodeURIComponent(text.toWellFormed())];
}

/** The same, and how a page or a form writes it; apart from the text itself. */
export function spellingsOf(text: string): readonly string[] {
  const common = commonSpellingsOf(text);
  if (PLAIN.test(text)) return common;
  const spellings = new Set([
    ...common,
    JSON.stringify(text)
      .slice(1, -1)
      .replaceAll('/', String.raw`\/`),
    new URLSearchParams({ '': text }).toString().slice(1),
    text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`),
    text.replaceAll(/[&<>"]/g, (character) => HTML[character]!),
  ]);
  spellings.delete(text);
  return [...spellings];
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/**
 * The base64 that a text has wherever it stands in a longer one, in three alignments: without the characters that it
 * shares with its neighbours.
 */
export function innerBase64Of(text: string): readonly string[] {
  return [0, 1, 2].flatMap((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(text)]);
    const whole = Math.floor((bytes.length * 8) / 6);
    const inner = bytes.toString('base64').slice(Math.ceil((before * 8) / 6), whole);
    return [inner, toBase64Url(inner)];
  });
}

function toBase64Url(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
