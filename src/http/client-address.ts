import type { IncomingMessage } from 'node:http';
import { isIP, isIPv6, SocketAddress } from 'node:net';
import type { Application, Express, Request } from 'express';

/** An address in brackets, with or without a port (RFC 3986 §3.2.2), in quotes or not (RFC 7239 §6). */
const BRACKETED = /^"?\[([^\]]+)\](?::\d{1,5})?"?$/;
/** An IPv4 address with a port. An IPv6 address without brackets has none: the last group would be ambiguous. */
const WITH_PORT = /^"?(\d{1,3}(?:\.\d{1,3}){3})(?::\d{1,5})?"?$/;
/** Of the link that the address is on (RFC 4007 §11); has no meaning on another machine. */
const ZONE = /%.*$/s;
const MAPPED = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i;

/**
 * The IP address in an entry of `X-Forwarded-For`, however the proxy wrote it: ports, brackets, quotes and zones are
 * dropped, IPv6 is written in its shortest form, and IPv4 in IPv6 as IPv4. Undefined for everything else, such as
 * `unknown` and obfuscated identifiers (RFC 7239 §6.2, §6.3).
 */
export function bareAddress(entry: string | undefined): string | undefined {
  if (entry === undefined) return undefined;
  const text = BRACKETED.exec(entry)?.[1] ?? WITH_PORT.exec(entry)?.[1] ?? entry;
  const address = text.includes(':') ? text.replace(ZONE, '') : text;
  if (!isIPv6(address)) return isIP(address) === 4 ? address : undefined;
  const short = new SocketAddress({ address, family: 'ipv6' }).address;
  return MAPPED.exec(short)?.[1] ?? short;
}

const NETWORK_GROUPS = 4;

/**
 * The part of an address that its owner cannot choose, to count by: all of an IPv4 address, also in IPv6, and the /64 of
 * an IPv6 address. What is no address counts as one.
 */
export function networkOf(given: string | undefined): string {
  const address = bareAddress(given);
  if (address === undefined) return 'unknown';
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('::');
  const zeros = tail === undefined ? 0 : 8 - groupsOf(head).length - groupsOf(tail).length;
  const all = [...groupsOf(head), ...Array<string>(Math.max(zeros, 0)).fill('0'), ...groupsOf(tail ?? '')];
  return `${all.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

function groupsOf(text: string): string[] {
  return text === '' ? [] : text.split(':');
}

/**
 * Sets Express's `trust proxy` so that proxies are recognised by {@link bareAddress}: one that adds ports would
 * otherwise end the chain of trusted proxies, and its own address would be the client's.
 */
export function trustProxies(app: Express, trusted: string | number): void {
  app.set('trust proxy', trusted);
  const trusts = trustOf(app);
  app.set('trust proxy', (address: string, hop: number) => trusts(bareAddress(address) ?? address, hop));
}

/**
 * The address of the client: of the socket, or the last entry of `X-Forwarded-For` that no trusted proxy vouches for
 * further. Undefined where a trusted proxy wrote something else: an earlier entry may be forged.
 */
export function clientAddressOf({ ip }: Request): string | undefined {
  return bareAddress(ip);
}

/**
 * The network of {@link clientAddressOf}, before Express has the request: by its own getter, which needs no more than
 * these properties.
 */
export function clientNetworkOf(app: Express, { headers, socket }: IncomingMessage): string {
  return networkOf(Reflect.get<Express['request'], 'ip'>(app.request, 'ip', { app, headers, socket }));
}

/** Whether a socket's address is that of a proxy which {@link trustProxies} trusts. */
export function isTrustedProxy(app: Application, address: string | undefined): boolean {
  return address !== undefined && trustOf(app)(address, 0);
}

function trustOf(app: Application): (address: string, hop: number) => boolean {
  return app.get('trust proxy fn') as (address: string, hop: number) => boolean;
}
