import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { postgresUrl } from '../../test/support/databases.js';
import { type CertificateAuthority, certificateAuthority } from '../../test/support/certificates.js';
import { type Issuer, startIssuer } from '../../test/support/issuer.js';
import {
  answerJson,
  type StubBehaviour,
  type StubExternal,
  startStubExternal,
} from '../../test/support/stub-external.js';
import { diagnose, type Diagnosis } from '../src/doctor/doctor.js';
import { runCli } from './cli.js';

const DAY_MS = 86_400_000;
const SECRET = `whsec_${randomBytes(32).toString('base64')}`;
const NOT_FOUND: StubBehaviour = (_arrived, response) =>
  answerJson(response, 404, { detail: 'No such payment.' });

let folder: string;
let external: StubExternal;
let receiver: StubExternal;
let issuer: Issuer;
let closedPort: number;
let env: Record<string, string>;

beforeAll(async () => {
  [external, receiver, issuer] = await Promise.all([
    startStubExternal(NOT_FOUND),
    startStubExternal(),
    startIssuer(),
  ]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closedPort = (server.address() as AddressInfo).port;
  await new Promise((resolve) => server.close(resolve));
});

afterAll(() => Promise.all([external.close(), receiver.close(), issuer.close()]));

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-'));
  external.requests.length = 0;
  env = {
    DATABASE_URL: postgresUrl() ?? `sqlite:${join(folder, 'data', 'tollgate.db')}`,
    EXTERNAL_PROVIDERS_CONFIG: externals([right('acme')]),
    RECEIVERS_CONFIG: file('receivers.json', {
      receivers: [
        { receiver: 'erp', url: receiver.url, secret: SECRET, events: ['refund'], externals: ['acme'] },
      ],
    }),
    API_KEYS_FILE: file('keys.json', [
      { name: 'shop', sha256: createHash('sha256').update(randomBytes(32)).digest('hex') },
    ]),
    API_AUTH: 'required',
    PAYMENT_CALLBACK_URL: receiver.url,
    NOTIFICATION_SECRET: SECRET,
    FINGERPRINT_KEY: randomBytes(32).toString('hex'),
    OIDC_ISSUER: issuer.url,
    OIDC_AUDIENCE: 'payments',
  };
});

afterEach(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

function externals(externalServices: readonly object[]): string {
  return file('externals.json', { externalServices });
}

/** An entry of the externals file without a fault. */
function right(name: string, overrides: object = {}): object {
  const callbackAuth = { type: 'bearer', token: randomBytes(24).toString('base64url') };
  return { externalService: name, baseUrl: external.url, callbackAuth, ...overrides };
}

function diagnosed(overrides: Record<string, string> = {}): Promise<Diagnosis> {
  return diagnose({ env: { ...env, ...overrides }, nowMs: new Date().getTime() });
}

/** The findings as `level subject: problem`. */
async function found(overrides: Record<string, string> = {}): Promise<readonly string[]> {
  const { findings } = await diagnosed(overrides);
  expect(findings.every(({ remedy }) => remedy.length > 10)).toBe(true);
  return findings.map(({ level, subject, problem }) => `${level} ${subject}: ${problem}`);
}

describe('tollgate doctor', () => {
  it('finds nothing in a right set-up, and sends no payment and no notification', async () => {
    expect(await found()).toEqual([]);
    // A query is sent again where a busy machine is too slow to answer it.
    const queries = new Set(external.requests.map(({ method, url }) => `${method} ${url}`));
    expect([...queries]).toEqual([expect.stringMatching(/^GET \/status\?paymentId=tollgate-doctor-/)]);
    expect(receiver.requests).toEqual([]);
  });

  it('finds ten faults, and invents none', async () => {
    const authority = certificateAuthority('Doctor CA');
    const client = authority.issue('gateway');
    const server = authority.issue('127.0.0.1', { validToMs: new Date().getTime() + 10.5 * DAY_MS });
    const mtls = {
      type: 'mtls',
      certFile: file('client.pem', client.cert),
      keyFile: file('client.key', client.key),
      caFile: file('ca.pem', authority.cert),
    };
    const [anything, locked, tls] = await Promise.all([
      startStubExternal(),
      startStubExternal((_arrived, response) => answerJson(response, 401, {})),
      startStubExternal(NOT_FOUND, { ...server, ca: authority.cert, requestCert: true }),
    ]);
    try {
      externals([
        right('acme'),
        right('typo', { timeout: 5 }),
        right('down', { baseUrl: `http://127.0.0.1:${closedPort}` }),
        right('anything', { baseUrl: anything.url }),
        right('locked', { baseUrl: locked.url }),
        right('tls', { baseUrl: tls.url, auth: mtls }),
      ]);
      file('receivers.json', {
        receivers: [
          { receiver: 'erp', url: receiver.url, secret: SECRET, events: ['refund'], externals: ['acne'] },
        ],
      });
      file('keys.json', [{ name: 'shop', sha256: 'a'.repeat(64), scopes: ['pay'] }]);
      const second = `whsec_${randomBytes(32).toString('base64')}`;
      const findings = await found({
        HTTP_PORT: '70000',
        LOG_LEVLE: 'debug',
        NOTIFICATION_SECRET: `${SECRET} ${second}`,
      });
      expect(findings).toEqual([
        expect.stringMatching(/^wrong environment: HTTP_PORT: must be .*70000/),
        expect.stringMatching(/^wrong externals file: .*#\/externalServices\/1\/timeout: must not be here/),
        expect.stringMatching(/^wrong API keys file: .*#\/0\/scopes\/0: must be/),
        `wrong external down: nothing listens at 127.0.0.1:${closedPort}`,
        'wrong external anything: GET /status of a payment that cannot exist: it has a status',
        expect.stringMatching(/^wrong external locked: GET \/status of a payment that cannot exist: .*401/),
        expect.stringMatching(
          /^soon environment: NOTIFICATION_SECRET has 2 secrets: a rotation has not ended/,
        ),
        expect.stringMatching(
          /^soon external tls: the certificate 127.0.0.1 of 127.0.0.1 expires \(.*in 10 days\)/,
        ),
        expect.stringMatching(/^risk environment: LOG_LEVLE: is not a variable .* is LOG_LEVEL meant/),
        expect.stringMatching(/^risk receiver erp: receiver erp: there is no external acne/),
      ]);
      expect(findings.join()).not.toContain(SECRET);
    } finally {
      await Promise.all([anything.close(), locked.close(), tls.close()]);
    }
  });

  it.each([
    [
      'a host that does not exist',
      'http://no-such-host.invalid',
      /the name no-such-host.invalid cannot be resolved/,
    ],
    [
      'an address that is refused',
      'http://169.254.169.254',
      /Refused to connect to 169.254.169.254: link-local/,
    ],
    ['a server without TLS', 'https://127.0.0.1:HTTP', /the connection to 127.0.0.1:\d+ failed/],
  ])('names %s', async (_name, url, problem) => {
    const baseUrl = url.replace('HTTP', new URL(external.url).port);
    externals([right('acme', { baseUrl })]);
    expect(await found()).toEqual([expect.stringMatching(problem)]);
  });

  it.each([
    ['has expired', -1, /has expired \(.*, 1 day ago\)/],
    ['is not of a trusted authority', 300, /is not trusted \((?:UNABLE|SELF|DEPTH)/],
  ])('names a certificate that %s', async (_name, days, problem) => {
    const validToMs = new Date().getTime() + (days - 0.5) * DAY_MS;
    const { cert, key } = certificateAuthority('CA').issue('127.0.0.1', {
      validFromMs: validToMs - 400 * DAY_MS,
      validToMs,
    });
    const server = await startStubExternal(NOT_FOUND, { cert, key });
    const [finding, ...others] = await found({ PAYMENT_CALLBACK_URL: server.url });
    expect([finding, others]).toEqual([expect.stringMatching(problem), []]);
    expect(server.requests).toEqual([]);
    await server.close();
  });

  it.each([
    [
      'signs itself',
      (authority: CertificateAuthority) => authority,
      /^the certificate of 127\.0\.0\.1 is not trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\)$/,
      /^The certificate signs itself\. Use one of a trusted authority, or set NODE_EXTRA_CA_CERTS, for the gateway too, /,
    ],
    [
      'is of a private authority that the server sends along',
      (authority: CertificateAuthority) => {
        const { cert, key } = authority.issue('127.0.0.1');
        return { cert: cert + authority.cert, key };
      },
      /^the certificate of 127\.0\.0\.1 is not trusted \(SELF_SIGNED_CERT_IN_CHAIN\)$/,
      /^Its authority is a private one: set NODE_EXTRA_CA_CERTS, for the gateway too, to a PEM file with the authority /,
    ],
    [
      'comes without its chain',
      (authority: CertificateAuthority) => authority.intermediate('Between').issue('127.0.0.1'),
      /^the certificate of 127\.0\.0\.1 is not trusted \(UNABLE_TO_/,
      /^Let the server send its whole chain\. If the authority is a private one, set NODE_EXTRA_CA_CERTS, /,
    ],
  ])('says what to do about a certificate that %s', async (_name, issue, problem, remedy) => {
    const server = await startStubExternal(NOT_FOUND, issue(certificateAuthority('CA')));
    const { findings } = await diagnosed({ PAYMENT_CALLBACK_URL: server.url });
    expect(findings).toEqual([
      expect.objectContaining({
        level: 'wrong',
        problem: expect.stringMatching(problem),
        remedy: expect.stringMatching(remedy),
      }),
    ]);
    await server.close();
  });

  it.each([
    [302, /^Set baseUrl to the address that it redirects to/],
    [500, /^Answer 404 with a JSON object/],
  ])('says what to do about an external that answers %i', async (status, remedy) => {
    const server = await startStubExternal((_arrived, response) => answerJson(response, status, {}));
    externals([right('acme', { baseUrl: server.url })]);
    const { findings } = await diagnosed();
    expect(findings).toEqual([
      expect.objectContaining({
        level: 'wrong',
        problem: expect.stringContaining(String(status)),
        remedy: expect.stringMatching(remedy),
      }),
    ]);
    await server.close();
  });

  it('says what to do about a certificate for another name', async () => {
    const authority = certificateAuthority('CA');
    const client = authority.issue('gateway');
    // That of an authority is for no name.
    const server = await startStubExternal(NOT_FOUND, authority);
    const auth = {
      type: 'mtls',
      certFile: file('client.pem', client.cert),
      keyFile: file('client.key', client.key),
      caFile: file('ca.pem', authority.cert),
    };
    externals([right('acme', { baseUrl: server.url, auth })]);
    const { findings } = await diagnosed();
    expect(findings).toEqual([
      expect.objectContaining({
        problem: 'the certificate of 127.0.0.1 is not trusted (ERR_TLS_CERT_ALTNAME_INVALID)',
        remedy: 'Use the name that the certificate is for, or a certificate for this name.',
      }),
    ]);
    await server.close();
  });

  it('names an issuer without keys', async () => {
    issuer.available = false;
    expect(await found()).toEqual(['wrong issuer: its keys cannot be read: the issuer answered 503']);
    issuer.available = true;
  });

  it('names a database that cannot be used, and creates none', async () => {
    const path = file('broken.db', 'no database, but long enough to be one'.repeat(40));
    expect(await found({ DATABASE_URL: `sqlite:${path}` })).toEqual([
      expect.stringMatching(/^wrong database: the ledger .*broken.db is not a SQLite database/),
    ]);
    expect(await found({ DATABASE_URL: `postgres://x@127.0.0.1:${closedPort}/x` })).toEqual([
      expect.stringMatching(/^wrong database: .*ECONNREFUSED/),
    ]);
  });

  it('goes on where production would stop the start', async () => {
    const findings = await found({
      NODE_ENV: 'production',
      FINGERPRINT_KEY: '',
      EXTERNAL_PROVIDERS_CONFIG: externals([
        right('acme', { callbackAuth: { type: 'bearer', token: 'changeme' } }),
      ]),
      ALLOW_HTTP_HOSTS: '127.0.0.1',
    });
    expect(findings).toEqual([
      expect.stringMatching(/^wrong environment: FINGERPRINT_KEY: must be set when NODE_ENV=production/),
      expect.stringMatching(/^wrong externals file: .*callbackAuth\/token: must have at least 22 characters/),
    ]);
    expect(external.requests).toHaveLength(1);
  });

  it('reads the files of a PGM deployment as those of production', async () => {
    const pgmEnv = file(
      'pgm.env',
      `HTTP_PORT=3000\nENABLED_PROVIDERS=bank,adyen\nFLOW_MANAGER_URL=http://flow-manager\n` +
        `PAYMENT_CALLBACK_URL=${receiver.url}\n`,
    );
    const pgmConfig = file('pgm.json', {
      externalServices: [{ externalService: 'bank', baseUrl: external.url }],
    });
    const { exitCode, stdout, stderr } = await runCli(
      'doctor',
      '--pgm-env',
      pgmEnv,
      '--pgm-config',
      pgmConfig,
    );
    expect(exitCode).toBe(1);
    for (const text of [
      'NOTIFICATION_SECRET: must be set',
      'FINGERPRINT_KEY: must be set',
      'DATABASE_URL: must be set',
      'got none named adyen',
      'FLOW_MANAGER_URL',
      'has no "compatibility": "pgm-12"',
      'docs/moving-from-pgm.md',
    ])
      expect(stdout).toContain(text);
    expect(stderr).toMatch(/^Examined: .*\ntollgate: \d+ wrong, 0 soon, \d risks?\n$/);
  });

  it('prints JSON, and refuses a file that cannot be read', async () => {
    const path = file(
      '.env',
      Object.entries(env)
        .map(([name, value]) => `${name}="${value}"`)
        .join('\n'),
    );
    const { exitCode, stdout } = await runCli('doctor', '--env-file', path, '--json');
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      undefined,
      { examined: expect.any(Array), findings: [] },
    ]);
    const missing = await runCli('doctor', '--env-file', join(folder, 'missing'));
    expect([missing.exitCode, missing.stderr]).toEqual([2, expect.stringContaining('ENOENT')]);
  });
});
