import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/**
 * Issues certificates for tests: node:crypto reads X.509 but does not write it, and `openssl` may be missing.
 * Signed by ECDSA P-256, valid from yesterday until next year.
 */
export interface IssuedCertificate {
  /** PEM */
  readonly cert: string;
  /** PEM, PKCS #8 */
  readonly key: string;
}

export interface IssueOptions {
  /** Default: `ec`, P-256. */
  readonly keyType?: 'ec' | 'rsa';
  /** Milliseconds since the Unix epoch. */
  readonly validFromMs?: number;
  readonly validToMs?: number;
}

export interface CertificateAuthority extends IssuedCertificate {
  /** For a server at 127.0.0.1 and `localhost`, or a client; both by the same certificate. */
  issue(commonName: string, options?: IssueOptions): IssuedCertificate;
  /** An authority below this one. */
  intermediate(commonName: string): CertificateAuthority;
}

export function certificateAuthority(commonName: string): CertificateAuthority {
  const pair = keyPair();
  return authorityOf(commonName, pair, { issuer: commonName, signer: pair.privateKey });
}

function authorityOf(
  commonName: string,
  { publicKey, privateKey }: KeyPair,
  by: { readonly issuer: string; readonly signer: KeyObject },
): CertificateAuthority {
  const isAuthority = extension('2.5.29.19', sequence(der(0x01, Buffer.from([0xff]))));
  const own = { issuer: commonName, signer: privateKey };
  return {
    cert: certificate({ ...by, subject: commonName, publicKey, extensions: [isAuthority] }),
    key: pemOf(privateKey),
    issue(subject, { keyType = 'ec', ...validity } = {}) {
      const pair = keyPair(keyType);
      const names = sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])));
      return {
        cert: certificate({
          ...own,
          ...validity,
          subject,
          publicKey: pair.publicKey,
          extensions: [extension('2.5.29.17', names)],
        }),
        key: pemOf(pair.privateKey),
      };
    },
    intermediate: (subject) => authorityOf(subject, keyPair(), own),
  };
}

const DAY_MS = 86_400_000;

interface KeyPair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

interface CertificateContent {
  issuer: string;
  subject: string;
  publicKey: KeyObject;
  extensions: Buffer[];
  signer: KeyObject;
  validFromMs?: number;
  validToMs?: number;
}

/** RFC 5280 §4.1 */
function certificate(content: CertificateContent): string {
  const { issuer, subject, publicKey, extensions, signer } = content;
  const { validFromMs = Date.now() - DAY_MS, validToMs = Date.now() + 365 * DAY_MS } = content;
  const algorithm = sequence(objectId('1.2.840.10045.4.3.2'));
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    name(issuer),
    sequence(utcTime(validFromMs), utcTime(validToMs)),
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

function keyPair(type: 'ec' | 'rsa' = 'ec'): KeyPair {
  return type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2_048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
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
