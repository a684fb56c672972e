import { createServer, type Server } from 'node:http';
import type { AddressInfo, LookupFunction, Socket } from 'node:net';
import zlib from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import type { Config } from '../../src/config/config.js';
import { NotificationSender } from '../../src/notifications/notification.sender.js';
import type { LeasedNotification } from '../../src/notifications/notification-lease.repository.js';
import { AddressGuard } from '../../src/outbound/address-guard.js';
import { requestToken } from '../../src/providers/auth/token-request.js';
import { IssuerConnection } from '../../src/security/issuer-connection.js';
import { OidcTokens } from '../../src/security/oidc-tokens.js';
import { Secret } from '../../src/sensitive/secret.js';
import { SystemClock } from '../../src/shared/clock.js';
import { oidcConfigOf } from '../support/issuer.js';
import { context, externalConfig, httpProvider, tokenClient } from '../support/provider.js';
import { RawExternal } from '../support/raw-external.js';
import { until } from '../support/until.js';

/** The other peers of the one HTTP client: receivers, token endpoints and issuers write as oddly as externals. */

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((open) => open.close()));
});

type Writer = (socket: Socket, json: string) => void;

const head = (length: number, ...lines: string[]): string =>
  ['HTTP/1.1 200 OK', ...lines, `Content-Length: ${length}`, '', ''].join('\r\n');
const body = (socket: Socket, bytes: string | Buffer, ...lines: string[]): void => {
  socket.write(head(Buffer.byteLength(bytes), ...lines));
  socket.write(bytes);
};
const after =
  (...interim: string[]): Writer =>
  (socket, json) => {
    for (const line of interim) socket.write(`HTTP/1.1 ${line}\r\n\r\n`);
    body(socket, json);
  };
const ODD: readonly (readonly [string, Writer])[] = [
  ['after 100 Continue', after('100 Continue')],
  ['after 103 Early Hints', after('103 Early Hints\r\nlink: </x>')],
  ['after several 1xx', after('100 Continue', '102 Processing', '100 Continue', '103 Early Hints', '199 X')],
  ['with a byte order mark', (socket, json) => body(socket, `\ufeff${json}`)],
  ['in gzip', (socket, json) => body(socket, zlib.gzipSync(json), 'Content-Encoding: gzip')],
  ['in br', (socket, json) => body(socket, zlib.brotliCompressSync(json), 'Content-Encoding: br')],
  [
    'with Content-Type twice',
    (socket, json) => body(socket, json, 'Content-Type: application/json', 'Content-Type: application/json'),
  ],
];
const REFUSED: readonly (readonly [string, (json: string) => string])[] = [
  [
    'nested 5,000 levels deep',
    (json) => json.replace('{', `{"note":${'['.repeat(5_000)}${']'.repeat(5_000)},`),
  ],
  ['with a name twice', (json) => json.replace(/"(\w+)":/, '"$1":"other","$1":')],
  ['with a nested name twice', (json) => json.replace('{', '{"note":{"a":1,"a":2},')],
];

async function peer(write: (socket: Socket, target: string) => void): Promise<RawExternal> {
  const raw = await RawExternal.listen({ script: (socket, { target }) => write(socket, target) });
  opened.push(raw);
  return raw;
}

describe('a token endpoint', () => {
  const TOKEN = '{"access_token":"token-1","token_type":"Bearer","expires_in":60}';
  const request = (raw: RawExternal) =>
    requestToken(
      {
        type: 'oauth2-client-credentials',
        tokenUrl: `${raw.baseUrl}/token`,
        clientId: 'id',
        clientSecret: new Secret('secret'),
        scope: undefined,
        audience: undefined,
      },
      tokenClient,
      2_000,
    );

  it.each(ODD)('may answer %s', async (_what, write) => {
    expect(await request(await peer((socket) => write(socket, TOKEN)))).toEqual({
      text: 'token-1',
      lifetimeMs: 60_000,
    });
  });

  it.each(REFUSED)('may not answer %s', async (_what, odd) => {
    await expect(request(await peer((socket) => body(socket, odd(TOKEN))))).rejects.toThrow(
      'not a JSON object',
    );
  });
});

describe('an issuer', () => {
  beforeEach(() => {
    jest.spyOn(Logger.prototype, 'error').mockImplementation(() => {});
  });
  afterEach(() => {
    jest.restoreAllMocks();
  });

  async function verify(write: Writer): Promise<string> {
    const { publicKey, privateKey } = await generateKeyPair('ES256');
    const key = { ...(await exportJWK(publicKey)), kid: 'k1', alg: 'ES256', use: 'sig' };
    const raw = await peer((socket, target) =>
      write(
        socket,
        target === '/jwks'
          ? JSON.stringify({ keys: [key] })
          : JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` }),
      ),
    );
    const issuer = new URL(raw.baseUrl).origin;
    const tokens = new OidcTokens(
      { ...oidcConfigOf({ url: issuer }), audience: 'a' },
      new IssuerConnection(new AddressGuard({ blockPrivateAddresses: false })),
      new SystemClock(),
    );
    opened.push({ close: () => tokens.onApplicationShutdown() });
    const nowS = Math.floor(Date.now() / 1_000);
    const token = await new SignJWT({ iss: issuer, aud: 'a', sub: 'shop', iat: nowS, exp: nowS + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'at+jwt' })
      .sign(privateKey);
    return (await tokens.verify(token)).name;
  }

  it.each(ODD)('may answer %s', async (_what, write) => {
    expect(await verify(write)).toBe('oidc:shop');
  });

  it.each(REFUSED)('may not answer %s', async (_what, odd) => {
    await expect(verify((socket, json) => body(socket, odd(json)))).rejects.toMatchObject({
      code: 'authentication-unavailable',
    });
  });
});

const PAYLOAD = '{"status":"ACCEPTED"}';

function sender(resolve?: LookupFunction, maxConnectionAgeMs = 300_000): NotificationSender {
  const config = {
    egress: { blockPrivateAddresses: false, ...(resolve && { resolve }) },
    notifications: { concurrency: 4 },
  } as unknown as Config;
  const created = new NotificationSender(new SystemClock(), config, {
    deadlineMs: 2_000,
    stopGraceMs: 100,
    placeWaitMs: 1_000,
    maxConnectionAgeMs,
  });
  opened.push({ close: () => created.onApplicationShutdown() });
  return created;
}

async function deliver(from: NotificationSender, url: string): Promise<unknown> {
  const notification = {
    id: 'ntf_1',
    event: 'payment',
    version: 1,
    request_id: 'req_1',
    traceparent: null,
    payload: PAYLOAD,
    external: 'acme',
    lease_until: Date.now() + 60_000,
  } as LeasedNotification;
  const { outcome } = await from.send(
    { name: 'erp', url, secrets: [] },
    notification,
    new AbortController().signal,
  );
  return outcome.kind === 'answered' ? outcome.answer.statusCode : outcome;
}

describe('a receiver', () => {
  it.each(ODD)('may answer %s', async (_what, write) => {
    const raw = await peer((socket) => write(socket, '{"received":true}'));
    expect(await deliver(sender(), raw.baseUrl)).toBe(200);
    expect(raw.requests.length).toBe(1);
  });
});

describe('a name that moves to another address', () => {
  /** The same port on two addresses; `moved` decides which of them the name has. */
  async function twoServers() {
    const served = { '127.0.0.1': 0, '127.0.0.2': 0 };
    let address: keyof typeof served = '127.0.0.1';
    const start = async (host: keyof typeof served, port: number): Promise<Server> => {
      const server = createServer((request, response) => {
        served[host] += 1;
        request
          .resume()
          .on('end', () =>
            response
              .writeHead(200, { 'content-type': 'application/json' })
              .end('{"result":"OK","paymentId":"p"}'),
          );
      });
      opened.push({ close: () => (server.closeAllConnections(), server.close()) });
      await new Promise<void>((resolve) => server.listen(port, host, resolve));
      return server;
    };
    const first = await start('127.0.0.1', 0);
    const { port } = first.address() as AddressInfo;
    await start('127.0.0.2', port);
    const resolve: LookupFunction = (_name, options, callback) =>
      options.all ? callback(null, [{ address, family: 4 }]) : callback(null, address, 4);
    return { served, resolve, baseUrl: `http://moving.test:${port}`, move: () => (address = '127.0.0.2') };
  }

  /** Steady traffic over four connections, until the old server is no longer reached; returns what went wrong. */
  async function traffic(
    send: () => Promise<boolean>,
    { served, move }: Awaited<ReturnType<typeof twoServers>>,
  ) {
    let running = true;
    let failures = 0;
    const lane = async (): Promise<void> => {
      while (running) if (!(await send())) failures += 1;
    };
    const lanes = Array.from({ length: 4 }, lane);
    await until(() => served['127.0.0.1'] >= 20, 'traffic to the old address');
    move();
    let before = -1;
    let [at, steps] = [0, 0];
    await until(() => {
      if (served['127.0.0.2'] < at) return false;
      steps = before === served['127.0.0.1'] ? steps + 1 : 0;
      before = served['127.0.0.1'];
      at = served['127.0.0.2'] + 50;
      return steps === 3;
    }, 'all traffic to reach the new address');
    running = false;
    await Promise.all(lanes);
    return failures;
  }

  it('is followed by an external under steady traffic', async () => {
    const servers = await twoServers();
    const config = externalConfig({ baseUrl: servers.baseUrl, maxConnectionAgeMs: 200 });
    const guard = new AddressGuard({ blockPrivateAddresses: false, resolve: servers.resolve });
    const provider = httpProvider(config, { guard });
    opened.push(provider);
    const pay = async (): Promise<boolean> => {
      const body = { amount: 1, currency: 'EUR', shopTransactionId: 'o' };
      return (await provider.pay(body, context)).kind === 'completed';
    };
    expect(await traffic(pay, servers)).toBe(0);
  });

  it('is followed by a receiver under steady traffic', async () => {
    const servers = await twoServers();
    const from = sender(servers.resolve, 200);
    expect(await traffic(async () => (await deliver(from, servers.baseUrl)) === 200, servers)).toBe(0);
  });
});
