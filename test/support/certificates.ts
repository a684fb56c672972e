import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/**
 * Issues certificates for tests: node:crypto reads X.509 but does not write it, and `openssl` may be missing.
 * ECDSA P-256, valid from yesterday until next year.
 */
export interface IssuedCertificate {
  /** PEM */
  readonly cert: string;
  /** PEM, PKCS #8 */
  readonly key: string;
}

export interface CertificateAuthority extends IssuedCertificate {
  /** For a server at 127.0.0.1 and `localhost`, or a client; both by the same certificate. */
  issue(commonName: string): IssuedCertificate;
}

export function certificateAuthority(commonName: string): CertificateAuthority {
  const { publicKey, privateKey } = keyPair();
  const isAuthority = extension('2.5.29.19', sequence(der(0x01, Buffer.from([0xff]))));
  return {
    cert: certificate({
      issuer: commonName,
      subject: commonName,
      publicKey,
      extensions: [isAuthority],
      signer: privateKey,
    }),
    key: pemOf(privateKey),
    issue(subject) {
      const pair = keyPair();
      const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
      return {
        cert: certificate({
          issuer: commonName,
          subject,
          publicKey: pair.publicKey,
          extensions: [extension('2.5.29.17', names)],
          signer: privateKey,
        }),
        key: pemOf(pair.privateKey),
      };
    },
  };
}

interface CertificateContent {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  extensions: Buffer[];
  signer: KeyObject;
}

/** RFC 5280 §4.1 */
function certificate({ issuer, subject, publicKey, extensions, signer }: CertificateContent): string {
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'));
  const dayMs = 86_400_000;
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name(issuer),
    sequence(utcTime(Date.now() - dayMs), utcTime(Date.now() + 365 * dayMs)),
    name(subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = der(0x03, Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, signer)]));
  const lines = sequence(toBeSigned, algorithm, signature)
    .toString('base64')
    .match(/.{1,64}/g)!;
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function keyPair() {
  return generateKeyPairSync('ec', { namedCurve: 'P-256' });
}

function pemOf(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }) as string;
}

function name(commonName: string): Buffer {
  return sequence(der(0x31, sequence(objectId('2.5.4.3'), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, value: Buffer): Buffer {
  return sequence(objectId(id), der(0x04, value));
}

function utcTime(atMs: number): Buffer {
  return der(0x17, Buffer.from(`${new Date(atMs).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

function objectId(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number) as [number, number, ...number[]];
  const base128 = (value: number): number[] =>
    value < 0x80 ? [value] : [...base128(Math.floor(value / 0x80)).map((byte) => byte | 0x80), value % 0x80];
  return der(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

function sequence(...content: Buffer[]): Buffer {
  return der(0x30, ...content);
}

function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  const length = body.length < 0x80 ? [body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
