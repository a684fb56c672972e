/** What is tried first: the words of examples and of lists of passwords. */
const WORDS =
  'test demo admin root user guest secret password passw0rd passphrase changeme change-me change_me replaceme ' +
  'replace-me placeholder example sample default dummy token key api apikey api-key shop erp boss payments tollgate ' +
  'gateway letmein welcome qwerty qwertz abc abcd foo bar hello master monkey dragon iloveyou';
const ENDINGS = ['', '!', ...'0123456789', '12', '123', '123!', '1234', '12345', '123456'];
const DIGITS = 4;
const LONGER_DIGITS = [
  '12345',
  '123456',
  '1234567',
  '12345678',
  '123456789',
  '1234567890',
  '111111',
  '000000',
];

/**
 * Secrets that anyone can guess, some 13,000. For files that have only digests, whose secrets cannot be measured by
 * their length (`weaknessOf`).
 */
export function* guessableSecrets(): Generator<string> {
  yield '';
  yield* LONGER_DIGITS;
  for (let digits = 1; digits <= DIGITS; digits += 1)
    for (let number = 0; number < 10 ** digits; number += 1) yield String(number).padStart(digits, '0');
  for (const word of WORDS.split(' ')) {
    const forms = new Set([word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)]);
    for (const form of forms) for (const ending of ENDINGS) yield form + ending;
  }
}
