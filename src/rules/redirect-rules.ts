import { domainToUnicode } from 'node:url';
import { stringRule, type TextRule } from './rule.js';
import { isSystemScheme } from './system-schemes.js';

/*
 * Where a payer's browser goes (SPEC §1): an http(s) URL that every parser reads in the same way, or the link of an
 * app. Parsers differ, and the payer's is not the gateway's: what only one of them accepts is refused.
 */

const MAX_URL_LENGTH = 2_048;
/** Of an external's answer: providers put signed state of some kilobytes into their URLs. */
const MAX_ISSUED_URL_LENGTH = 8_192;
const MAX_HOST_LENGTH = 253;

/** White space, control and format characters are refused anywhere: URL parsers drop some of them silently. */
const VISIBLE = /^[^\s\p{C}]+$/u;
/** RFC 3986 §3. In `https:host` and `https:///host` browsers find a host where others find none. */
const WEB_URL = /^https?:\/\/(?<authority>[^/?#]+)/i;
const APP_LINK = /^(?<scheme>[a-z][a-z\d+.-]*):(?<rest>.+)$/is;
const AUTHORITY = /^\/\/([^/?#]*)/;
/** Browsers read a backslash as a slash: `https://x\@y` is a page of `x` for them, and of `y` for others. */
const BACKSLASH_BEFORE_QUERY = /^[^?#]*\\/;
const PORT = /:\d+$/;
const HOST = /^[\p{L}\p{M}\p{N}_·-]+(?:\.[\p{L}\p{M}\p{N}_·-]+)*\.?$/u;
/** Another scheme within a link, as in `app:javascript:…` or `app://https://…`. */
const NESTED = /^\/*[a-z][a-z\d+.-]*:/i;
const HOST_AND_PORT = /^\/\/[^/?#:@]+:\d+(?:[/?#]|$)/;
/** `shop.example:8080/paid` is a URL without its scheme, not a link of the app `shop.example`. */
const PORT_FIRST = /^\d+(?:[/?#]|$)/;

/** Where a caller sends a payer. */
export const redirectUrl = redirectRule(
  'redirectUrl',
  MAX_URL_LENGTH,
  (text) => isWebUrl(text) || isAppLink(text),
);
/** Where an external sends a payer's browser. */
export const issuedHttpUrl = redirectRule('issuedHttpUrl', MAX_ISSUED_URL_LENGTH, isWebUrl);
/** Where an external sends a payer: an http(s) URL, or the link of an app. */
export const issuedUrl = redirectRule(
  'issuedUrl',
  MAX_ISSUED_URL_LENGTH,
  (text) => isWebUrl(text) || isAppLink(text),
);

function redirectRule(name: string, maxLength: number, accepts: (text: string) => boolean): TextRule<string> {
  const limit = `without user info, of at most ${maxLength.toLocaleString('en-US')} characters`;
  const isWebOnly = accepts === isWebUrl;
  return stringRule(
    name,
    isWebOnly
      ? `an absolute http(s) URL ${limit}`
      : `an absolute http(s) URL or the link of an app (myshop://paid), ${limit}`,
    (text) => text.length <= maxLength && isUnambiguous(text) && accepts(text),
    { format: 'uri', ...(isWebOnly && { pattern: '^[Hh][Tt]{2}[Pp][Ss]?://' }), maxLength },
  );
}

function isUnambiguous(text: string): boolean {
  return VISIBLE.test(text) && !BACKSLASH_BEFORE_QUERY.test(text) && URL.canParse(text);
}

function isWebUrl(text: string): boolean {
  const authority = WEB_URL.exec(text)?.groups?.['authority'];
  if (authority === undefined || authority.includes('@')) return false;
  const host = authority.replace(PORT, '');
  const { hostname } = new URL(text);
  // IPv6 has more than one form; all of them are in brackets.
  if (host.startsWith('[')) return host.endsWith(']');
  // Neither encoded (`%6d`), nor a number (`0x7f.1`), nor other letters than the parser's (`ⓐ`).
  if (host.length > MAX_HOST_LENGTH || !HOST.test(host)) return false;
  const written = host.toLowerCase().normalize('NFC');
  return written === hostname || written === domainToUnicode(hostname);
}

const MAX_DECODINGS = 3;

/** The text as an app reads it, also one that decodes it again. */
function decodedAscii(text: string): string {
  let decoded = text;
  for (let times = 0; times < MAX_DECODINGS && decoded.includes('%'); times += 1) {
    decoded = decoded.replaceAll(/%([2-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
  return decoded;
}

function isAppLink(text: string): boolean {
  const { scheme = '', rest = '' } = APP_LINK.exec(text)?.groups ?? {};
  if (scheme === '' || isSystemScheme(scheme) || AUTHORITY.exec(rest)?.[1]?.includes('@')) return false;
  return !PORT_FIRST.test(rest) && (!NESTED.test(decodedAscii(rest)) || HOST_AND_PORT.test(rest));
}
