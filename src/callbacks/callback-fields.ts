/** Where a form or query names a field, and how it had to be read. */
export interface FormField {
  /** Each different text of the field, encoded as received. */
  readonly texts: readonly string[];
  /** The separators are not those of a form: `&amp;`, `;` or a second `?`. */
  readonly isOdd: boolean;
}

/** What begins the next field where a sender joined fields by `;` or `?`: encoders write both as `%3B` and `%3F`. */
const NEXT_FIELD = /[;?](?:amp;)*[\w.[\]-]+=.*$/is;
const ANY_SEPARATOR = /[&;?](?:amp;)*/i;
const ESCAPED_SEPARATOR = /&amp;/i;

/**
 * Finds a field among `name=value` pairs. Senders that build links by hand write `paymentId=p1?status=paid`,
 * `a=1&amp;paymentId=p1` or `a=1;paymentId=p1`. Other separators than `&` count only where the text cannot be meant:
 * before a further `name=`, and where no `&` leads to the field.
 */
export function formField(form: string, name: string): FormField {
  const plain = textsOf(form.split('&'), name);
  if (plain.length === 0) {
    const texts = distinct(textsOf(form.split(ANY_SEPARATOR), name));
    return { texts, isOdd: texts.length > 0 };
  }
  const cut = plain.map((text) => text.replace(NEXT_FIELD, ''));
  const isCut = cut.some((text, index) => text !== plain[index]);
  return { texts: distinct(cut), isOdd: isCut || ESCAPED_SEPARATOR.test(form) };
}

/** What stands for bytes that are not UTF-8. */
export const NOT_UTF8 = '\ufffd';

/** Decodes form encoding (WHATWG URL §5.1). With `isLatin1`, bytes that are not UTF-8 are read as ISO-8859-1. */
export function formText(encoded: string, isLatin1 = false): string {
  const text = new URLSearchParams(`=${encoded.replaceAll('&', '%26')}`).get('')!;
  if (!isLatin1 || !text.includes(NOT_UTF8)) return text;
  return encoded
    .replaceAll('+', ' ')
    .replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** A form or query for the log: every name, and no value but those of `shown`. */
export function formOutline(form: string, shown: readonly string[]): string {
  return form.replaceAll(/([^&;?=]*)=([^&;?]*)/g, (pair: string, name: string) =>
    shown.some((each) => name.endsWith(each)) ? pair : `${name}=…`,
  );
}

function textsOf(pairs: readonly string[], name: string): string[] {
  return pairs.flatMap((pair) => {
    const [, key, text] = /^([^=]*)=?(.*)$/s.exec(pair)!;
    return key !== '' && formText(key!) === name ? [text!] : [];
  });
}

/** Texts may be encoded in different ways and still say the same. */
function distinct(texts: readonly string[]): string[] {
  return [...new Map(texts.map((text) => [formText(text), text])).values()];
}
