import { BlockList, isIP } from 'node:net';
import { matching, readingRule, stringRule, Violation, type TextRule } from './rule.js';

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

/** Unreserved characters alone (RFC 3986 §2.3): the path stands in HTML, JSON and headers as it is. */
const BASE_PATH = /^(?=.{1,256}$)(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]+)+$/;

/** The path under which a proxy shows the gateway (SPEC §6). */
export const basePath = matching(
  'basePath',
  'a path such as /payments, of A-Z a-z 0-9 - . _ ~ between slashes, without a slash at its end',
  BASE_PATH,
);

export const EXTERNAL_NAME = /^[a-z0-9_-]{1,64}$/;

/** `{external}` in the path, matched exactly (SPEC §6). */
export const externalName: TextRule<string> = {
  ...matching('externalName', '1 to 64 of a-z 0-9 - _', EXTERNAL_NAME),
  schema: { type: 'string', pattern: EXTERNAL_NAME.source },
};

/** The name of a receiver (SPEC §5). */
export const receiverName: TextRule<string> = { ...externalName, name: 'receiverName' };
