import { hash, timingSafeEqual } from 'node:crypto';

/** SHA-256, 32 bytes long; of a text, over its UTF-8 bytes. */
export function sha256(content: string | Buffer): Buffer {
  return hash('sha256', content, 'buffer');
}

/**
 * Whether two digests are the same, in a time that does not depend on where they differ. Compare digests of secrets,
 * never the secrets: digests have one length, so that the length of a secret is not revealed.
 */
export function equalDigests(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
