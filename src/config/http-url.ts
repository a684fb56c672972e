/** White space, control characters and backslashes are refused: URL parsers drop or turn some of them silently. */
const HTTP_URL = /^https?:\/\/[^\s\p{C}\\#]+$/iu;

/**
 * An absolute http(s) URL without credentials and fragment, or undefined. Credentials belong in `auth`, where they are
 * kept as secrets: a URL ends up in logs.
 */
export function readHttpUrl(
  text: string,
  { query }: { readonly query: 'allowed' | 'refused' },
): URL | undefined {
  if (!HTTP_URL.test(text) || (query === 'refused' && text.includes('?'))) return undefined;
  const url = URL.parse(text);
  return url && url.username === '' && url.password === '' ? url : undefined;
}
