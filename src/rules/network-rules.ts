import { BlockList, isIP } from 'node:net';
import { matching, readingRule, stringRule, Violation, type TextRule } from './rule.js';

const MAX_URL_LENGTH = 2_048;
/** Of an external's answer: providers put signed state of some kilobytes into their URLs. */
const MAX_ISSUED_URL_LENGTH = 8_192;

const PAYER_URL = /^https?:\/\/[^\s\p{C}]+$/iu;

/**
 * Where a payer's browser goes. White space and control characters are refused: URL parsers drop some of them
 * silently.
 */
export const httpUrl = webUrl(MAX_URL_LENGTH);
/** Where an external sends a payer's browser. */
export const issuedHttpUrl = webUrl(MAX_ISSUED_URL_LENGTH);

function webUrl(maxLength: number): TextRule<string> {
  return stringRule(
    'httpUrl',
    `an absolute http(s) URL of at most ${maxLength.toLocaleString('en-US')} characters`,
    (text) => text.length <= maxLength && PAYER_URL.test(text) && URL.canParse(text),
    { format: 'uri', pattern: '^[Hh][Tt]{2}[Pp][Ss]?://', maxLength },
  );
}

const ABSOLUTE_URL = /^[a-z][a-z\d+.-]*:[^\s\p{C}]+$/iu;
/** Schemes by which a link runs or shows its own content instead of leading to a page or an app. */
const INLINE_SCHEME = /^(?:javascript|vbscript|data|blob|file|about):/i;

/** Where an external sends a payer: an http(s) URL, or the link of an app. */
export const issuedUrl = stringRule(
  'issuedUrl',
  `an absolute URL of at most ${MAX_ISSUED_URL_LENGTH.toLocaleString('en-US')} characters`,
  (text) =>
    text.length <= MAX_ISSUED_URL_LENGTH &&
    ABSOLUTE_URL.test(text) &&
    !INLINE_SCHEME.test(text) &&
    URL.canParse(text),
  { format: 'uri', maxLength: MAX_ISSUED_URL_LENGTH },
);

/** White space, control characters and backslashes are refused: URL parsers drop or replace some of them silently. */
const SERVICE_URL = /^https?:\/\/[^\s\p{C}\\#]+$/iu;

/**
 * A service that the gateway calls. Kept as it was written: OIDC compares issuers letter by letter. Credentials are
 * refused because a URL ends up in logs; they belong in `auth`, where they are kept as secrets.
 */
export function serviceUrl(query: 'allowed' | 'refused'): TextRule<string> {
  const without = query === 'refused' ? 'credentials, query and fragment' : 'credentials and fragment';
  return stringRule('serviceUrl', `an absolute http(s) URL without ${without}`, (text) => {
    if (!SERVICE_URL.test(text) || (query === 'refused' && text.includes('?'))) return false;
    const url = URL.parse(text);
    return url !== null && url.username === '' && url.password === '';
  });
}

const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,62}[a-z0-9_])?)*$/i;

export const host = stringRule(
  'host',
  'a host name or an IP address',
  (text) => isIP(text) !== 0 || HOST_NAME.test(text),
);

/** A host as `URL.hostname` writes it: lower case, IPv6 in brackets. */
export const urlHost: TextRule<string> = readingRule('urlHost', host.allowed, (text) => {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (!host.accepts(bare)) return new Violation();
  return URL.parse(`http://${isIP(bare) === 6 ? `[${bare}]` : bare}`)?.hostname ?? new Violation();
});

/** An IPv4 or IPv6 address, or a block of them in CIDR notation (RFC 4632, RFC 4291 §2.3). No zone ids. */
export const ipRange = stringRule('ipRange', 'an IP address or a CIDR block', (text) => {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || rest.length > 0) return false;
  if (prefix === undefined) return true;
  if (!/^\d{1,3}$/.test(prefix)) return false;
  try {
    new BlockList().addSubnet(address, Number(prefix), version === 6 ? 'ipv6' : 'ipv4');
    return true;
  } catch {
    return false;
  }
});

export const EXTERNAL_NAME = /^[a-z0-9_-]{1,64}$/;

/** `{external}` in the path, matched exactly (SPEC §6). */
export const externalName: TextRule<string> = {
  ...matching('externalName', '1 to 64 of a-z 0-9 - _', EXTERNAL_NAME),
  schema: { type: 'string', pattern: EXTERNAL_NAME.source },
};
