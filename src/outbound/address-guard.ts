import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { buildConnector } from 'undici';

/** Networks (`network/prefix`) that are always refused, by the reason. */
const ALWAYS_REFUSED: Readonly<Record<string, readonly string[]>> = {
  'link-local': ['169.254.0.0/16', 'fe80::/10'],
  // Outside the link-local ranges: AWS (IPv6), Google (IPv6), Scaleway (IPv6), Alibaba, Azure, Oracle.
  'cloud metadata': [
    'fd00:ec2::254/128',
    'fd20:ce::254/128',
    'fd00:42::42/128',
    '100.100.100.200/32',
    '168.63.129.16/32',
    '192.0.0.192/32',
  ],
  // Linux connects 0.0.0.0 and :: to the machine itself.
  unspecified: ['0.0.0.0/8', '::/128'],
  multicast: ['224.0.0.0/4', 'ff00::/8'],
  'reserved or broadcast': ['240.0.0.0/4'],
};

/** Networks that `BLOCK_PRIVATE_ADDRESSES` refuses in addition (IANA's special-purpose address registries). */
const PRIVATE: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fec0::/10', '64:ff9b:1::/48'],
  'shared address space': ['100.64.0.0/10'],
  'special-purpose': ['192.0.0.0/24', '198.18.0.0/15'],
};

/** The guard refused an outgoing connection, and none was opened. */
export class AddressRefused extends Error {
  readonly code = 'EADDRREFUSED';

  constructor(
    readonly host: string,
    readonly address: string,
    readonly reason: string,
  ) {
    super(`Refused to connect to ${host}${address === host ? '' : ` (${address})`}: ${reason} address`);
    this.name = 'AddressRefused';
  }
}

export interface AddressGuardOptions {
  /** Refuse private, shared and loopback addresses too (`BLOCK_PRIVATE_ADDRESSES`). */
  readonly blockPrivateAddresses: boolean;
  /** Resolves names; `dns.lookup` by default. */
  readonly resolve?: LookupFunction;
}

/**
 * Refuses connections to link-local, metadata and, if configured, private addresses. It checks the address that the
 * socket connects to, after DNS, so that rebinding a name between check and connection has no effect. IPv4 addresses
 * are recognised inside IPv6 too: mapped, compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056).
 *
 * A socket never looks up an address literal: use {@link connector}, or {@link lookup} together with {@link
 * checkHost}.
 */
export class AddressGuard {
  readonly #refused: readonly (readonly [reason: string, addresses: BlockList])[];
  readonly #resolve: LookupFunction;

  constructor({ blockPrivateAddresses, resolve = dns.lookup }: AddressGuardOptions) {
    const ranges = { ...ALWAYS_REFUSED, ...(blockPrivateAddresses && PRIVATE) };
    this.#refused = Object.entries(ranges).map(([reason, networks]) => [reason, blockListOf(networks)]);
    this.#resolve = resolve;
  }

  /**
   * Why this IPv4 or IPv6 address is refused; undefined if it is allowed. Anything that is not an address is refused.
   */
  check(address: string): string | undefined {
    const bare = address.replace(/%.*$/s, '');
    const family = isIP(bare);
    if (family === 0) return 'unknown';
    return this.#refused.find(([, addresses]) => addresses.check(bare, family === 6 ? 'ipv6' : 'ipv4'))?.[0];
  }

  /**
   * Checks the host of a URL: the refusal if it is a refused address literal, in any form that URLs allow (`127.1`,
   * `0x7f.1`, `2130706433`, `[::1]`). Undefined for a name, whose addresses {@link lookup} checks.
   */
  checkHost(hostname: string): AddressRefused | undefined {
    const address = literalOf(hostname);
    const reason = address === undefined ? undefined : this.check(address);
    return reason === undefined ? undefined : new AddressRefused(hostname, address!, reason);
  }

  /**
   * For the `lookup` option of sockets, agents and undici's `connect`. Omits refused addresses; if none is left, the
   * error is {@link AddressRefused}.
   */
  readonly lookup: LookupFunction = (hostname, options, callback) => {
    this.#resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const addresses = found as dns.LookupAddress[];
      const allowed = addresses.filter(({ address }) => this.check(address) === undefined);
      if (allowed.length === 0) {
        const address = addresses[0]?.address ?? hostname;
        return callback(new AddressRefused(hostname, address, this.check(address) ?? 'unknown'), []);
      }
      return options.all ? callback(null, allowed) : callback(null, allowed[0]!.address, allowed[0]!.family);
    });
  };

  /** undici's connector (`connect` of an `Agent` or `Pool`) with both checks; `options` are undici's. */
  connector(options: buildConnector.BuildOptions = {}): buildConnector.connector {
    const connect = buildConnector({ ...options, lookup: this.lookup });
    return (target, callback) => {
      const refused = this.checkHost(target.hostname);
      if (refused) callback(refused, null);
      else connect(target, callback);
    };
  }
}

function literalOf(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
  if (isIP(bare)) return bare;
  const normalised = URL.parse(`http://${hostname}`)?.hostname;
  return normalised !== undefined && isIP(normalised) ? normalised : undefined;
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address, prefix] = network.split('/') as [string, string];
    if (isIP(address) === 6) list.addSubnet(address, Number(prefix), 'ipv6');
    else addIpv4Network(list, address, Number(prefix));
  }
  return list;
}

/** The IPv4 network itself, by which BlockList recognises mapped addresses too, and its other forms inside IPv6. */
function addIpv4Network(list: BlockList, address: string, prefix: number): void {
  list.addSubnet(address, prefix, 'ipv4');
  const [a, b, c, d] = address.split('.').map(Number) as [number, number, number, number];
  const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  list.addSubnet(`64:ff9b::${hex}`, 96 + prefix, 'ipv6');
  list.addSubnet(`2002:${hex}::`, 16 + prefix, 'ipv6');
  // ::0.0.0.0/8 would include ::1, which is loopback and not unspecified.
  if (a !== 0) list.addSubnet(`::${hex}`, 96 + prefix, 'ipv6');
}
