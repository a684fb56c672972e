const MASK = '***';

/** Part of a text. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Where in a text something stands. Spans may overlap. */
export type Find = (text: string) => readonly Span[];

/** A text as a reader decodes it, and where each of its characters (and its end) stands in the original. */
interface View {
  readonly text: string;
  /** Undefined for the original itself. */
  readonly places: Uint32Array | undefined;
}

/** Escapes within escapes: JSON in JSON in JSON, a URL in the query of a URL. */
const MAX_LEVELS = 4;
/**
 * Percent-encoding; escapes of JSON; character references of HTML; invisible characters, and the line breaks of wrapped
 * texts, which stand for nothing.
 */
const ESCAPE =
  /(?:%[0-9a-f]{2})+|\\u[0-9a-f]{4}|\\[rn]|\\["'\\/]|&#(?:x[0-9a-f]{1,6}|\d{1,7});|&(?:amp|lt|gt|quot|apos);|[\u00ad\u200b-\u200d\u2060\ufeff]|[\r\n]+[ \t]*/gi;
const MAY_BE_ESCAPED = /\\|%[0-9a-f]{2}|&(?:#|amp|lt|gt|quot|apos)|[\u00ad\u200b-\u200d\u2060\ufeff]/i;
const LINE_BREAK = /[\r\n]/;
const REFERENCES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** Whether texts may say something else when their escapes are read; line breaks aside, which no JSON text has. */
export function mayBeEscaped(text: string): boolean {
  return MAY_BE_ESCAPED.test(text);
}

/** Replaces by `***` what is found in the text as it is, or when its escapes are read. */
export function maskFound(text: string, find: Find): string {
  const spans = spansIn(text, find).toSorted((a, b) => a.start - b.start);
  let masked = '';
  let shownUntil = 0;
  let hiddenUntil = 0;
  for (const { start, end } of spans) {
    if (start >= hiddenUntil) masked += `${text.slice(shownUntil, start)}${MASK}`;
    hiddenUntil = shownUntil = Math.max(hiddenUntil, end);
  }
  return spans.length === 0 ? text : masked + text.slice(shownUntil);
}

/** Whether anything is found in the text as it is, or when its escapes are read. */
export function isFoundIn(text: string, find: Find): boolean {
  return spansIn(text, find).length > 0;
}

function spansIn(text: string, find: Find): Span[] {
  if (!mayBeEscaped(text) && !LINE_BREAK.test(text)) return [...find(text)];
  return viewsOf(text).flatMap(({ text: view, places }) =>
    find(view).map(({ start, end }) =>
      places ? { start: places[start]!, end: places[end]! } : { start, end },
    ),
  );
}

/** What is escaped once may be escaped twice: what stands there at each level. */
function viewsOf(text: string): View[] {
  const views: View[] = [{ text, places: undefined }];
  while (views.length <= MAX_LEVELS) {
    const next = unescaped(views.at(-1)!);
    if (!next) break;
    views.push(next);
  }
  return views;
}

/** Undefined if there is nothing to unescape. */
function unescaped({ text, places: before }: View): View | undefined {
  const places = new Uint32Array(text.length + 1);
  let length = 0;
  let from = 0;
  const placeOf = (at: number): number => (before ? before[at]! : at);
  const keepUntil = (end: number): void => {
    for (; from < end; from += 1) places[length++] = placeOf(from);
  };
  let isChanged = false;
  const plain = text.replaceAll(ESCAPE, (escape, at: number) => {
    const meaning = meaningOf(escape);
    if (meaning === undefined) return escape;
    isChanged = true;
    keepUntil(at);
    from = at + escape.length;
    // Of UTF-8 in percent escapes, each byte has three characters.
    let place = at;
    for (const character of meaning) {
      for (let unit = 0; unit < character.length; unit += 1) places[length++] = placeOf(place);
      if (escape.startsWith('%')) place += 3 * Buffer.byteLength(character);
    }
    return meaning;
  });
  if (!isChanged) return undefined;
  keepUntil(text.length + 1);
  return { text: plain, places };
}

/** Undefined for bytes that are not UTF-8, and for what is no character. */
function meaningOf(escape: string): string | undefined {
  if (escape.startsWith('%')) {
    const text = Buffer.from(escape.replaceAll('%', ''), 'hex').toString('utf8');
    return text.includes('\ufffd') ? undefined : text;
  }
  if (escape.startsWith('\\')) {
    if (escape.length > 2) return String.fromCharCode(Number.parseInt(escape.slice(2), 16));
    return /[rn]/i.test(escape) ? '' : escape[1]!;
  }
  if (!escape.startsWith('&')) return '';
  if (escape[1] !== '#') return REFERENCES[escape.slice(1, -1).toLowerCase()];
  const code = Number(`0${escape.slice(2, -1)}`);
  return code <= 0x10_ffff ? String.fromCodePoint(code) : undefined;
}

/** What may be bytes in base64 or base64url. */
const BASE64 = /[\w+/-]{16,}/g;
/** Base64 in base64: the header of basic authentication in a copied request. */
const MAX_BASE64_LEVELS = 2;

/**
 * Also finds what stands in base64, wherever it begins: then the whole run of base64 counts.
 */
export function inBase64Too(find: Find, levels = MAX_BASE64_LEVELS): Find {
  if (levels === 0) return find;
  const inside = inBase64Too(find, levels - 1);
  return (text) => {
    const spans = [...find(text)];
    for (const { 0: run, index: start } of text.matchAll(BASE64))
      if (holdsInBase64(run, inside)) spans.push({ start, end: start + run.length });
    return spans;
  };
}

/** The run may begin before the base64 does: a path has the same characters. */
function holdsInBase64(run: string, find: Find): boolean {
  return [0, 1, 2, 3].some((from) =>
    isFoundIn(Buffer.from(run.slice(from), 'base64').toString('utf8'), find),
  );
}
