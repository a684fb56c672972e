import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from '../support/gateway.js';
import { until } from '../support/until.js';

const PROXY = '127.0.2.9';
const KEY = 'shop-secret';
const AT_ONCE = 100;

const get = (headers = ''): string =>
  `GET /v3/near/status?paymentId=p HTTP/1.1\r\nHost: g\r\nConnection: close\r\n${headers}\r\n`;
const CALLBACK = `GET /v3/near/callback?paymentId=p HTTP/1.1\r\nHost: g\r\nConnection: close\r\n\r\n`;

/** Connections that come and go, each with one request: of whom the gateway knows, none is refused. */
describe('Connections of one address that come and go', () => {
  let gateway: Gateway;

  beforeAll(async () => {
    const at = { baseUrl: 'http://127.0.0.1:9', callbackAllowedIps: ['127.0.0.0/8'] };
    gateway = await startGateway({
      externals: [{ externalService: 'near', ...at }],
      env: { API_AUTH: 'required', API_KEYS: `shop:${KEY}`, TRUST_PROXY: PROXY },
    });
  });
  afterAll(() => gateway.close());

  /** The status of the answer; 0 without one. */
  const send = (localAddress: string, request: string): Promise<number> =>
    new Promise((resolve) => {
      let answer = '';
      connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', localAddress })
        .on('error', () => {})
        .on('data', (bytes) => (answer += bytes.toString('latin1')))
        .on('close', () => resolve(Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)))
        .write(request);
    });

  const comeAndGo = (count: number, localAddress: string): Promise<unknown> =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const socket = connect({ port: Number(new URL(gateway.url).port), host: '127.0.0.1', localAddress });
        socket.on('error', () => {}).on('connect', () => socket.resetAndDestroy());
        await new Promise((resolve) => socket.once('close', resolve));
      }),
    );

  /** As many as a stranger may open, and more: those of `stranger` beside them are refused in the end. */
  const flood = async (localAddress: string, stranger: string): Promise<void> => {
    while ((await send(stranger, get())) !== 0)
      await Promise.all([localAddress, stranger].map((each) => comeAndGo(AT_ONCE, each)));
    await comeAndGo(AT_ONCE, localAddress);
  };

  it('are accepted of an address from which a caller has called once', async () => {
    expect(await send('127.0.2.1', get(`X-Api-Key: ${KEY}\r\n`))).not.toBe(401);
    await flood('127.0.2.1', '127.0.3.1');
    expect(await send('127.0.2.1', get())).toBe(401);
  });

  it('are accepted of a trusted proxy, whatever it forwards', async () => {
    await flood(PROXY, '127.0.3.2');
    expect(await send(PROXY, get('X-Forwarded-For: 192.0.2.1\r\n'))).toBe(401);
  });

  it('are accepted of an external without credentials whose addresses are listed', async () => {
    expect(await send('127.0.2.3', CALLBACK)).toBe(200);
    await flood('127.0.2.3', '127.0.3.3');
    expect(await send('127.0.2.3', CALLBACK)).toBe(200);
  });

  it('are accepted again of a stranger who pauses', async () => {
    await flood('127.0.2.4', '127.0.3.4');
    await until(async () => (await send('127.0.3.4', get())) === 401, 'the stranger to be forgiven');
  });
});
