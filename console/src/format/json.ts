/** Characters that turn the text around them, or that are invisible. */
const INVISIBLE = /[\p{Cf}\u2028\u2029]/gu;

/** A value as JSON that looks like what it is: what would be invisible is escaped, which JSON allows. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replaceAll(INVISIBLE, (character) =>
    Array.from(
      { length: character.length },
      (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
    ).join(''),
  );
}
