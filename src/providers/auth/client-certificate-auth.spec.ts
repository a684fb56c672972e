import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Agent, request } from 'undici';
import { certificateAuthority, type IssuedCertificate } from '../../../test/support/certificates.js';
import { until } from '../../../test/support/until.js';
import { ConfigError } from '../../config/config-error.js';
import { AddressGuard } from '../../outbound/address-guard.js';
import { OutboundClient } from '../../outbound/outbound-client.js';
import { SystemClock } from '../../shared/clock.js';
import { createOutboundAuth } from './outbound-auth.factory.js';
import type { OutboundAuth } from './outbound-auth.js';

const authority = certificateAuthority('test authority');
const server = https.createServer(
  { ...authority.issue('server'), ca: authority.cert, requestCert: true, rejectUnauthorized: true },
  (request, response) => response.end((request.socket as TLSSocket).getPeerCertificate().subject.CN),
);
const guard = new AddressGuard({ blockPrivateAddresses: false });
const unused = new OutboundClient({ guard, connectTimeoutMs: 1, maxAnswerBytes: 1 });

let port: number;
let folder: string;
let auth: OutboundAuth | undefined;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  port = (server.address() as AddressInfo).port;
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await unused.close();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-mtls-'));
  write('ca.pem', authority.cert);
});
afterEach(() => {
  auth?.close();
  auth = undefined;
  rmSync(folder, { recursive: true });
});

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

function install({ cert, key }: IssuedCertificate): void {
  write('cert.pem', cert);
  write('key.pem', key);
}

function mtls(onWarning?: (message: string) => void, ca = true): OutboundAuth {
  const caFile = ca ? join(folder, 'ca.pem') : undefined;
  const config = {
    type: 'mtls',
    certFile: join(folder, 'cert.pem'),
    keyFile: join(folder, 'key.pem'),
    caFile,
  } as const;
  return (auth = createOutboundAuth(config, { clock: new SystemClock(), tokenClient: unused, onWarning }));
}

/** Who the server takes the client for. */
async function seenAs(tls: object): Promise<string> {
  const dispatcher = new Agent({ connect: guard.connector(tls) });
  try {
    const { body } = await request(`https://127.0.0.1:${port}/`, { dispatcher });
    return await body.text();
  } finally {
    await dispatcher.close();
  }
}

describe('ClientCertificateAuth', () => {
  it('dials with the certificate, and sends no header', async () => {
    install(authority.issue('gateway'));
    const { tls, ...headers } = {
      tls: mtls().tls()!,
      ...(await auth!.headers(new AbortController().signal)),
    };
    expect(await seenAs(tls)).toBe('gateway');
    expect(headers).toEqual({});
    expect(auth!.invalidate({})).toBe(false);
  });

  it('is needed: without it the server refuses, and without the authority the gateway does', async () => {
    install(authority.issue('gateway'));
    // In TLS 1.3 the handshake of the client ends before the server has checked its certificate: the refusal ends the
    // connection.
    await expect(seenAs({ ca: authority.cert })).rejects.toThrow();
    await expect(seenAs(mtls(undefined, false).tls()!)).rejects.toMatchObject({
      code: expect.stringMatching(/SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_VERIFY/),
    });
    install(certificateAuthority('foreign').issue('gateway'));
    await expect(seenAs(mtls().tls()!)).rejects.toThrow();
  });

  it('reads its files again when they change', async () => {
    install(authority.issue('gateway'));
    const before = mtls().tls()!;
    const changed = new Promise<void>((resolve) => auth!.onChange(resolve));
    const next = authority.issue('gateway renewed');
    write('next-key.pem', next.key);
    write('next-cert.pem', next.cert);
    // As a certificate manager replaces them: one after the other, each at once.
    renameSync(join(folder, 'next-key.pem'), join(folder, 'key.pem'));
    renameSync(join(folder, 'next-cert.pem'), join(folder, 'cert.pem'));
    await changed;
    expect(await seenAs(auth!.tls()!)).toBe('gateway renewed');
    expect(await seenAs(before)).toBe('gateway');
  });

  it('keeps the present certificate while the new one does not match its key, and uses it once it does', async () => {
    install(authority.issue('gateway'));
    const warned = Promise.withResolvers<string>();
    const before = mtls(warned.resolve).tls();
    const changed = new Promise<void>((resolve) => auth!.onChange(resolve));
    const next = authority.issue('gateway renewed');
    write('cert.pem', next.cert);
    expect(await warned.promise).toContain('the present one stays in use: ');
    expect(auth!.tls()).toBe(before);
    expect(await seenAs(auth!.tls()!)).toBe('gateway');
    write('key.pem', next.key);
    await changed;
    expect(await seenAs(auth!.tls()!)).toBe('gateway renewed');
  });

  const rsa = authority.issue('rsa', { keyType: 'rsa' });
  const one = authority.issue('one');
  const other = authority.issue('other');
  const middle = authority.intermediate('middle');
  const lower = middle.intermediate('lower');
  const below = lower.issue('below');
  const encrypted = (pem: string): string =>
    createPrivateKey(pem).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'x',
    }) as string;
  /** Traditional PEM, as of older tools. */
  const traditional = (pem: string, passphrase?: string): string =>
    createPrivateKey(pem).export({
      type: 'sec1',
      format: 'pem',
      ...(passphrase !== undefined && { cipher: 'aes-256-cbc', passphrase }),
    }) as string;

  /** What does not fit, in the words of the refusal, and the files: certificate, key and authorities. */
  type Unfit = readonly [what: string, problem: RegExp, cert: string, key: string, ca?: string];
  const UNFIT: readonly Unfit[] = [
    ['an RSA key', /key\.pem is not the key of .*that is ec, the key rsa/, one.cert, rsa.key],
    ['an EC key for an RSA certificate', /is not the key of .*that is rsa, the key ec/, rsa.cert, one.key],
    ['another key of the same type', /is not the key of .*both ec/, one.cert, other.key],
    ['the issuer before the certificate', /is not the key of the first/, lower.cert + below.cert, below.key],
    ['an encrypted key', /key\.pem is encrypted/, one.cert, encrypted(one.key)],
    ['an encrypted key of an older tool', /is encrypted/, one.cert, traditional(one.key, 'x')],
    ['no key', /key\.pem has no private key/, one.cert, one.cert],
    ['an empty key', /key\.pem is empty/, one.cert, ''],
    ['half a key', /has no private key/, one.cert, one.key.slice(0, 100)],
    ['an empty certificate', /cert\.pem is empty/, '', one.key],
    ['white space', /cert\.pem has no certificate/, '\n', one.key],
    ['half a certificate', /cert\.pem ends within a certificate/, one.cert.slice(0, 200), one.key],
    ['half a chain', /ends within a certificate/, below.cert + lower.cert.slice(0, 200), below.key],
    ['a certificate that is none', /cannot be read, the 1\. one/, one.cert.replace(/M../, 'AAA'), one.key],
    [
      'a chain without its middle',
      /incomplete chain: .*lower/,
      below.cert + lower.cert + authority.cert,
      below.key,
    ],
    ['a foreign chain', /incomplete chain: .*below/, below.cert + authority.cert, below.key],
    ['no authority', /ca\.pem has no certificate/, one.cert, one.key, 'authorities'],
    ['an empty file of authorities', /ca\.pem is empty/, one.cert, one.key, ''],
    ['a private key as authority', /ca\.pem has no certificate/, one.cert, one.key, one.key],
    [
      'half an authority',
      /ca\.pem ends within/,
      one.cert,
      one.key,
      authority.cert + middle.cert.slice(0, 99),
    ],
  ];

  const named = ([what, problem, cert, key, ca = authority.cert]: Unfit) => ({
    what,
    problem,
    cert,
    key,
    ca,
  });

  it.each(UNFIT.map(named))('refuses at the start, in one line: $what', ({ problem, cert, key, ca }) => {
    install({ cert, key });
    write('ca.pem', ca);
    expect(() => mtls()).toThrow(ConfigError);
    expect(() => mtls()).toThrow(problem);
    expect(() => mtls()).toThrow(/^auth\.(certFile|keyFile|caFile): .*$/);
  });

  const UNFIT_LATER: readonly Unfit[] = [
    ...UNFIT,
    [
      'an expired certificate',
      /cert\.pem has expired at 2/,
      ...pairOf(authority.issue('old', { validToMs: Date.now() - 60_000 })),
    ],
    [
      'a certificate of the future',
      /cert\.pem is not valid before 2/,
      ...pairOf(authority.issue('early', { validFromMs: Date.now() + 3_600_000 })),
    ],
  ];

  it.each(UNFIT_LATER.map(named))('keeps the present pair, and says so in one line: $what', async (unfit) => {
    const { problem, cert, key, ca } = unfit;
    install(authority.issue('gateway'));
    const warnings: string[] = [];
    const before = mtls((warning) => warnings.push(warning)).tls();
    install({ cert, key });
    write('ca.pem', ca);
    await until(() => warnings.some((warning) => problem.test(warning)), 'the refusal');
    expect(warnings.at(-1)).toMatch(
      /^Client certificate not reloaded, the present one stays in use: auth\..*$/,
    );
    expect(auth!.tls()).toBe(before);
    expect(await seenAs(auth!.tls()!)).toBe('gateway');
  });

  it.each([
    ['an RSA pair', rsa.cert, rsa.key],
    ['a whole chain', below.cert + lower.cert + middle.cert, below.key],
    ['a whole chain with its root', below.cert + lower.cert + middle.cert + authority.cert, below.key],
    ['a chain in another order', below.cert + authority.cert + middle.cert + lower.cert, below.key],
    ['a traditional key', one.cert, traditional(one.key)],
    ['one file for both', one.cert + one.key, one.cert + one.key],
    ['texts around the PEM', `subject=CN=one\n${one.cert}`, one.key],
    ['lines that end as on Windows', one.cert.replaceAll('\n', '\r\n'), one.key.replaceAll('\n', '\r\n')],
  ])('accepts %s', async (_what, cert, key) => {
    install({ cert, key });
    expect(await seenAs(mtls().tls()!)).toMatch(/^(rsa|one|below)$/);
  });

  it('starts with a certificate that is not valid now, and says so', () => {
    const warnings: string[] = [];
    install(authority.issue('old', { validToMs: Date.now() - 60_000 }));
    mtls((warning) => warnings.push(warning)).close();
    install(authority.issue('early', { validFromMs: Date.now() + 60_000 }));
    mtls((warning) => warnings.push(warning));
    expect(warnings).toEqual([
      expect.stringMatching(/^auth\.certFile: .*cert\.pem has expired at 2/),
      expect.stringMatching(/^auth\.certFile: .*cert\.pem is not valid before 2/),
    ]);
  });

  it('takes a certificate of the future once it is valid', async () => {
    install(authority.issue('gateway'));
    const warned = Promise.withResolvers<string>();
    mtls(warned.resolve);
    const changed = new Promise<void>((resolve) => auth!.onChange(resolve));
    install(authority.issue('next', { validFromMs: Date.now() + 2_500 }));
    await warned.promise;
    await changed;
    expect(await seenAs(auth!.tls()!)).toBe('next');
  });

  it('refuses at the start what is not there', () => {
    install(one);
    rmSync(join(folder, 'key.pem'));
    expect(() => mtls()).toThrow(/key\.pem cannot be read \(ENOENT\)/);
  });
});

function pairOf({ cert, key }: IssuedCertificate): [string, string] {
  return [cert, key];
}
