/**
 * Text from outside, fit for a text column of either database: without NUL, which PostgreSQL refuses, without lone
 * surrogates, and at most `maxBytes` bytes in UTF-8, cut between two characters.
 */
export function storableText(text: string, maxBytes: number): string {
  const clean = text.slice(0, maxBytes).replaceAll('\0', '\uFFFD').toWellFormed();
  const bytes = Buffer.from(clean);
  if (bytes.length <= maxBytes) return clean;
  let end = maxBytes;
  // 10xxxxxx continues a character (RFC 3629).
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return bytes.toString('utf8', 0, end);
}
