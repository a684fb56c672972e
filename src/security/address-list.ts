import { BlockList, isIP } from 'node:net';

/** Addresses and CIDR blocks, IPv4 and IPv6; an IPv4 address is known by its IPv6 form too (RFC 4291 §2.5.5.2). */
export class AddressList {
  readonly #list = new BlockList();

  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = '', prefix] = range.split('/');
      const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
      if (prefix === undefined) this.#list.addAddress(address, family);
      else this.#list.addSubnet(address, Number(prefix), family);
    }
  }

  /** False for what is no address. */
  includes(address: string | undefined): boolean {
    const family = isIP(address ?? '');
    return family !== 0 && this.#list.check(address!, family === 6 ? 'ipv6' : 'ipv4');
  }
}
