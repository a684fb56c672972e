import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ApiKeys } from '../../src/security/api-keys.js';
import { CredentialFailures } from '../../src/security/credential-failures.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { LogLines } from '../support/log-lines.js';

const KEY = 'hQ3vN8rT5wZ2yB7kM4pX9c';
const FREE = 10;

describe('guessed keys', () => {
  let gateway: Gateway | undefined;
  const log = new LogLines();

  afterEach(async () => {
    await gateway?.close();
    gateway = undefined;
    log.clear();
  });

  async function start(env: Record<string, string> = {}): Promise<Gateway> {
    gateway = await startGateway({
      env: { API_KEYS: `boss:${KEY}:read+admin`, TRUST_PROXY: '1', LOG_LEVEL: 'info', ...env },
      logOutput: log,
    });
    return gateway;
  }

  const ask = (key: string | undefined, address: string, path = '/admin/payments'): Promise<Answer> =>
    call(`${gateway!.url}${path}`, 'GET', undefined, {
      'x-forwarded-for': address,
      ...(key !== undefined && { 'x-api-key': key }),
    });

  async function timed(answer: Promise<Answer>): Promise<[status: number, ms: number]> {
    const startedAt = performance.now();
    const { status } = await answer;
    return [status, performance.now() - startedAt];
  }

  const guess = async (address: string, count: number): Promise<void> => {
    for (let each = 0; each < count; each += 1)
      expect((await ask(`wrong-${each}`, address)).status).toBe(401);
  };

  it('are refused later and later; the right one at once, from the same address too', async () => {
    await start();
    await guess('203.0.113.7', FREE);
    const waits: number[] = [];
    for (const key of ['a', 'b', 'c']) {
      const [status, ms] = await timed(ask(key, '203.0.113.7'));
      expect(status).toBe(401);
      waits.push(ms);
    }
    expect(waits.map((ms, index) => ms >= 245 * 2 ** index)).toEqual([true, true, true]);
    // While a guess waits, an honest caller behind the same address does not, nor one who guesses elsewhere.
    let waiting = true;
    const guessed = ask('d', '203.0.113.7').finally(() => (waiting = false));
    expect((await ask(KEY, '203.0.113.7')).status).toBe(200);
    expect((await ask('e', '203.0.113.8')).status).toBe(401);
    expect((await ask(undefined, '203.0.113.7')).status).toBe(401);
    expect(waiting).toBe(true);
    await guessed;
  });

  it('of one IPv6 network count together', async () => {
    await start();
    for (let each = 0; each < FREE; each += 1) await ask('wrong', `2001:db8:0:1::${each}`);
    const [, ms] = await timed(ask('wrong', '2001:db8:0:1:ffff::1'));
    expect(ms).toBeGreaterThanOrEqual(245);
  });

  it('are logged with their address', async () => {
    await start();
    await ask('wrong', '203.0.113.7');
    await ask(undefined, '203.0.113.8');
    await ask(KEY, '203.0.113.9');
    const refused = log.lines('request').map(({ status, address }) => [status, address]);
    expect(refused).toEqual([
      [401, '203.0.113.7'],
      [401, '203.0.113.8'],
      [200, undefined],
    ]);
    expect(log.text).not.toContain('wrong');
  });

  it('in parallel: sixteen wait, the connections of the others are closed', async () => {
    await start();
    await guess('203.0.113.7', FREE);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, each) => ask(`p-${each}`, '203.0.113.7')),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(401));
    const closed = answers.filter(({ headers }) => headers.get('connection') === 'close');
    expect(closed).toHaveLength(4);
  }, 30_000);

  it('are remembered of 10,000 networks at most', () => {
    const failures = new CredentialFailures({ now: () => 0 }, 100);
    for (let network = 0; network < 1_000; network += 1) failures.record(`network ${network}`);
    expect(failures.size).toBe(100);
  });

  it('are forgotten after a quarter of an hour', () => {
    let now = 0;
    const failures = new CredentialFailures({ now: () => now });
    for (let each = 0; each < FREE; each += 1) expect(failures.record('a')).toBe(0);
    expect(failures.record('a')).toBe(250);
    now += 900_000;
    expect(failures.record('a')).toBe(0);
  });

  it.each(['none', 'optional'])('/admin needs a key with API_AUTH=%s', async (auth) => {
    await start({ API_AUTH: auth });
    expect((await ask(undefined, '203.0.113.7')).status).toBe(401);
    expect((await ask('wrong', '203.0.113.7')).status).toBe(401);
    expect((await ask(KEY, '203.0.113.7')).status).toBe(200);
    // Without credentials, and with any: they are ignored elsewhere.
    const path = '/v3/simulator/status?paymentId=none';
    expect((await ask(undefined, '203.0.113.7', path)).status).toBe(404);
    if (auth === 'none') expect((await ask('wrong', '203.0.113.7', path)).status).toBe(404);
  });

  it('a throw-away admin key is made in development, and only where no other is there', async () => {
    await start({ API_KEYS: 'shop:shop-secret' });
    const key = gateway!.app.get(ApiKeys).throwAwayKey!.reveal();
    expect((await ask(key, '203.0.113.7')).status).toBe(200);
    expect((await ask('shop-secret', '203.0.113.7')).status).toBe(403);
    await gateway!.close();
    await start();
    expect(gateway!.app.get(ApiKeys).throwAwayKey).toBeUndefined();
  });
});

describe('guessed credentials of callbacks', () => {
  const log = new LogLines();
  const SIGNED = `whsec_${Buffer.from(KEY.repeat(2)).toString('base64')}`;
  const externals = [
    { externalService: 'bearing', callbackAuth: { type: 'bearer', token: KEY } },
    { externalService: 'basic', callbackAuth: { type: 'basic', username: 'acme', password: KEY } },
    { externalService: 'signing', callbackAuth: { type: 'standard-webhooks', secret: SIGNED } },
  ].map((external) => ({ baseUrl: 'http://127.0.0.1:9', ...external }));
  const basic = (password: string): Record<string, string> => ({
    authorization: `Basic ${Buffer.from(`acme:${password}`).toString('base64')}`,
  });
  const wrong = {
    bearing: { authorization: 'Bearer guess' },
    basic: basic('guess'),
    signing: { 'webhook-id': 'm', 'webhook-timestamp': '1', 'webhook-signature': 'v1,AAAA' },
    'not-there': { authorization: 'Bearer guess' },
  };
  let gateway: Gateway;

  beforeEach(async () => {
    gateway = await startGateway({
      env: {
        TRUST_PROXY: '1',
        LOG_LEVEL: 'info',
        WORKERS: 'off',
        API_KEYS: `boss:${KEY}`,
        API_AUTH: 'required',
      },
      externals,
      logOutput: log,
    });
  });
  afterEach(async () => {
    await gateway.close();
    log.clear();
  });

  const send = (external: string, headers: Record<string, string>, address: string): Promise<Answer> =>
    call(
      `${gateway.url}/v3/${external}/callback`,
      'POST',
      { paymentId: 'p' },
      { 'x-forwarded-for': address, ...headers },
    );
  const guess = async (external: keyof typeof wrong, address: string): Promise<void> => {
    expect((await send(external, wrong[external], address)).status).toBe(401);
  };

  it.each(Object.keys(wrong) as (keyof typeof wrong)[])(
    'are refused later and later: %s; right ones at once, and callbacks without any',
    async (external) => {
      for (let each = 0; each < FREE; each += 1) await guess(external, '203.0.113.7');
      let waiting = true;
      const startedAt = performance.now();
      const guessed = guess(external, '203.0.113.7').finally(() => (waiting = false));
      expect((await send('bearing', { authorization: `Bearer ${KEY}` }, '203.0.113.7')).status).toBe(200);
      expect((await send('basic', basic(KEY), '203.0.113.7')).status).toBe(200);
      expect((await send(external, {}, '203.0.113.7')).status).toBe(401);
      await guess(external, '203.0.113.8');
      expect(waiting).toBe(true);
      await guessed;
      expect(performance.now() - startedAt).toBeGreaterThanOrEqual(245);
      const addresses = log.lines('request').map(({ status, address }) => [status, address]);
      expect(addresses).toContainEqual([401, '203.0.113.7']);
    },
  );
});
