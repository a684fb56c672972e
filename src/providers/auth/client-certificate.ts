import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { ConfigError } from '../../config/config-error.js';
import type { OutboundAuthConfig } from '../../config/external-config.js';
import { errorCode } from '../../config/placeholder.js';
import type { ClientTls } from '../../outbound/connector.js';

export type ClientCertificateFiles = Extract<OutboundAuthConfig, { type: 'mtls' }>;

/** A client certificate that fits its key. */
export interface ClientCertificate {
  readonly tls: ClientTls;
  /** Milliseconds since the Unix epoch. */
  readonly validFromMs: number;
  readonly validToMs: number;
}

const BLOCK = /-----BEGIN ((?:X509 |TRUSTED )?CERTIFICATE)-----[^-]+-----END \1-----/g;
const BEGINNING = /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * Reads certificate, key and authorities. OpenSSL alone would accept a key of another type than the certificate's, and
 * ignore authorities that it cannot read.
 *
 * @throws ConfigError with one line that names the file
 */
export function readClientCertificate({
  certFile,
  keyFile,
  caFile,
}: ClientCertificateFiles): ClientCertificate {
  const tls = {
    cert: contentOf('certFile', certFile),
    key: contentOf('keyFile', keyFile),
    ca: caFile === undefined ? undefined : contentOf('caFile', caFile),
  };
  const [certificate, ...others] = certificatesIn('certFile', certFile, tls.cert);
  const key = privateKeyIn(keyFile, tls.key);
  if (!certificate!.checkPrivateKey(key)) {
    refuse(
      'keyFile',
      keyFile,
      `is not the key of the first certificate in ${certFile} (${typesOf(certificate!, key)})`,
    );
  }
  refuseGap(certFile, certificate!, others);
  if (caFile !== undefined) certificatesIn('caFile', caFile, tls.ca!);
  try {
    createSecureContext(tls);
  } catch (error) {
    refuse(
      'certFile',
      certFile,
      `cannot be used with ${keyFile}: ${error instanceof Error ? error.message : ''}`,
    );
  }
  return {
    tls,
    validFromMs: Date.parse(certificate!.validFrom),
    validToMs: Date.parse(certificate!.validTo),
  };
}

function contentOf(key: string, path: string): Buffer {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch (error) {
    return refuse(key, path, `cannot be read (${errorCode(error)})`);
  }
  return content.length === 0 ? refuse(key, path, 'is empty') : content;
}

/** At least one. */
function certificatesIn(key: string, path: string, content: Buffer): X509Certificate[] {
  const pem = content.toString('latin1');
  const blocks = pem.match(BLOCK) ?? [];
  if (blocks.length !== (pem.match(BEGINNING) ?? []).length) refuse(key, path, 'ends within a certificate');
  if (blocks.length === 0) refuse(key, path, 'has no certificate in PEM');
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      return refuse(key, path, `has a certificate that cannot be read, the ${index + 1}. one`);
    }
  });
}

function privateKeyIn(path: string, content: Buffer): KeyObject {
  try {
    return createPrivateKey(content);
  } catch {
    const isEncrypted = content.includes('ENCRYPTED');
    return refuse(
      'keyFile',
      path,
      isEncrypted ? 'is encrypted; the key must be stored without a passphrase' : 'has no private key in PEM',
    );
  }
}

/**
 * A server trusts its roots, and needs what is between them and the certificate. Where the file ends is its owner's
 * decision; where it jumps over an issuer, no server can follow.
 */
function refuseGap(path: string, certificate: X509Certificate, others: readonly X509Certificate[]): void {
  const unused = new Set(others);
  let last = certificate;
  while (!isIssuedBy(last, last)) {
    const issuer = [...unused].find((other) => isIssuedBy(last, other));
    if (!issuer) break;
    unused.delete(issuer);
    last = issuer;
  }
  if (unused.size === 0 || isIssuedBy(last, last)) return;
  refuse(
    'certFile',
    path,
    `has an incomplete chain: the issuer of ${nameOf(last)} is missing, though others follow`,
  );
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function nameOf({ subject }: X509Certificate): string {
  return JSON.stringify(subject.replaceAll('\n', ', '));
}

function typesOf({ publicKey }: X509Certificate, key: KeyObject): string {
  const [wanted, given] = [publicKey.asymmetricKeyType, key.asymmetricKeyType];
  return wanted === given ? `both ${wanted}` : `that is ${wanted}, the key ${given}`;
}

function refuse(key: string, path: string, problem: string): never {
  throw new ConfigError([`auth.${key}: ${path} ${problem}`]);
}
