import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { AUDIENCE, type Issuer, startIssuer } from '../support/issuer.js';
import { RawClient } from '../support/raw-client.js';
import { pathWith, type Route, routesOf } from '../support/routes.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';

/** Access (SPEC §8): every route, and some that do not exist, with every kind of credentials. */

const SCOPES = [
  'payments',
  'refunds',
  'subscriptions',
  'read',
  'admin-read',
  'admin-act',
  'admin-settle',
] as const;

/** The scope of each route of the API; the test fails for a route without an entry. */
const SCOPE_OF: Readonly<Record<string, (typeof SCOPES)[number]>> = {
  'POST /v3/:external/pay': 'payments',
  'POST /v3/:external/pay-by-link': 'payments',
  'POST /v3/:external/cancel': 'payments',
  'POST /v3/:external/refund': 'refunds',
  'GET /v3/:external/refund/status': 'read',
  'GET /v3/:external/status': 'read',
  'GET /v3/:external/check': 'read',
  'POST /v3/:external/subscription/schedule': 'subscriptions',
  'POST /v3/:external/subscription/start': 'subscriptions',
  'POST /v3/:external/subscription/pay': 'subscriptions',
  'POST /v3/:external/subscription/update/:subscriptionToken': 'subscriptions',
  'GET /v3/:external/subscription/status/:subscriptionToken': 'read',
  'DELETE /v3/:external/subscription/expire/:subscriptionToken': 'subscriptions',
  'POST /v3/:external/subscription/expire/:subscriptionToken': 'subscriptions',
  'GET /admin/attention': 'admin-read',
  'POST /admin/payments/:id/refund': 'admin-settle',
  'GET /admin/audit': 'admin-read',
  'GET /admin/callbacks': 'admin-read',
  'GET /admin/externals': 'admin-read',
  'GET /admin/notifications': 'admin-read',
  'GET /admin/operations': 'admin-read',
  'GET /admin/payments': 'admin-read',
  'GET /admin/payments/:id': 'admin-read',
  'GET /admin/subscriptions': 'admin-read',
  'GET /admin/summary': 'admin-read',
  'GET /admin/me': 'admin-read',
  'GET /admin/refunds': 'admin-read',
  'GET /admin/recovery': 'admin-read',
  'POST /admin/recovery/end': 'admin-settle',
  'GET /admin/feed': 'admin-read',
  'GET /admin/search': 'admin-read',
  'POST /admin/payments/:id/cancel': 'admin-settle',
  'POST /admin/payments/:id/check': 'admin-act',
  'POST /admin/notifications/replay': 'admin-act',
  'POST /admin/notifications/:id/replay': 'admin-act',
  'POST /admin/erasures': 'admin-settle',
  'POST /admin/operations/:id/resolve': 'admin-settle',
  'POST /admin/payments/:id/resolve': 'admin-settle',
  'POST /admin/refunds/:id/resolve': 'admin-settle',
  'POST /admin/subscriptions/:id/resolve': 'admin-settle',
};

const UNKNOWN_ROUTES = [
  '/nothing',
  '/v3',
  '/v3/',
  '/v3/acme',
  '/v3/acme/nothing',
  '/v3/acme/pay/',
  '/v3/acme/PAY',
  '/v3//pay',
  '/V3/acme/pay',
  '//v3/acme/pay',
  '/v3/acme/../acme/pay',
  '/admin/nothing',
  '/%61dmin/payments',
  '/health%2Flive',
  '/metrics/../admin/payments',
  '/healthy',
];
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD', 'QUERY'];
const PUBLIC = /^\/$|^\/(health|metrics|documentation|problems|console)\b/;
const CALLBACK = '/v3/:external/callback';

/** RFC 6750 §3.1: without credentials, the challenge names no error. */
const CHALLENGE = 'Bearer realm="tollgate"';
const SENT_NONE: ReadonlySet<string> = new Set(['none', 'the key in the query']);

let external: StubExternal;
let issuer: Issuer;
let gateway: Gateway;
let folder: string;
let routes: Route[];
let raw: RawClient;

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

beforeAll(async () => {
  external = await startStubExternal();
  issuer = await startIssuer();
  folder = mkdtempSync(join(tmpdir(), 'tollgate-keys-'));
  const filed = [
    {
      name: 'only-other',
      scopes: SCOPES.filter((scope) => !scope.startsWith('admin')),
      externals: ['other'],
    },
    { name: 'only-acme', scopes: SCOPES.filter((scope) => !scope.startsWith('admin')), externals: ['acme'] },
    ...[...SCOPES, 'admin'].map((scope) => ({ name: `only-${scope}`, scopes: [scope] })),
    ...SCOPES.map((scope) => ({ name: `all-but-${scope}`, scopes: SCOPES.filter((one) => one !== scope) })),
  ].map((key) => ({ ...key, sha256: createHash('sha256').update(`secret-of-${key.name}`).digest('hex') }));
  writeFileSync(join(folder, 'keys.json'), JSON.stringify(filed));
  gateway = await startGateway({
    externals: [
      { externalService: 'acme', baseUrl: external.url },
      { externalService: 'other', baseUrl: external.url },
    ],
    env: {
      API_AUTH: 'required',
      TRUST_PROXY: '1',
      API_KEYS: `boss:secret-of-boss:${SCOPES.join('+')}`,
      API_KEYS_FILE: join(folder, 'keys.json'),
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: AUDIENCE,
      OIDC_EXTERNALS_CLAIM: 'externals',
    },
  });
  routes = routesOf(gateway);
  raw = new RawClient(gateway.url);
  expect(guarded().length).toBeGreaterThanOrEqual(Object.keys(SCOPE_OF).length);
});
afterAll(async () => {
  raw.close();
  await gateway.close();
  await issuer.close();
  await external.close();
  rmSync(folder, { recursive: true });
});

/** Wrong keys from one address are refused later and later. */
let addresses = 0;
const anotherAddress = (): string => `2001:db8:0:${(addresses += 1).toString(16)}::1`;

const wrongKey = (): string[] => ['Authorization', 'Bearer nope', 'X-Forwarded-For', anotherAddress()];

const send = (
  { method, path }: Route,
  headers: Record<string, string>,
  externalName = 'acme',
): Promise<Answer> =>
  call(
    `${gateway.url}${pathWith(path, { external: externalName })}`,
    method,
    method === 'POST' ? {} : undefined,
    { 'x-forwarded-for': anotherAddress(), ...headers },
  );

/** The content of an answer, without what differs each time. */
const toldBy = ({ status, headers, body }: Answer): unknown => {
  const { requestId, instance, ...document } = body;
  const named = Object.fromEntries(headers);
  for (const own of ['x-request-id', 'date', 'content-length']) delete named[own];
  return { status, headers: named, document, told: [typeof requestId, typeof instance] };
};

const guarded = (): Route[] => routes.filter(({ path }) => !PUBLIC.test(path) && path !== CALLBACK);
const scopeOf = ({ method, path }: Route): (typeof SCOPES)[number] => {
  const scope = SCOPE_OF[`${method} ${path}`];
  if (!scope) throw new Error(`Say in SCOPE_OF which scope ${method} ${path} needs`);
  return scope;
};

describe('without valid credentials', () => {
  const wrong = async (): Promise<[string, Record<string, string>][]> => {
    const nowS = Math.floor(Date.now() / 1_000);
    const [untyped, logout] = [{ header: { typ: 'JWT' } }, { header: { typ: 'logout+jwt' } }];
    return [
      ['none', {}],
      ['a wrong key', bearer('secret-of-bosr')],
      ['a wrong key as X-Api-Key', { 'x-api-key': 'nope' }],
      ['the name of a key', bearer('boss')],
      ['a digest of a key', bearer(createHash('sha256').update('secret-of-boss').digest('hex'))],
      ['a key and a space', bearer('secret-of-boss x')],
      ['two keys', { ...bearer('secret-of-boss'), 'x-api-key': 'secret-of-only-acme' }],
      ['a key and a wrong one', { ...bearer('secret-of-boss'), 'x-api-key': 'nope' }],
      ['Basic beside a key', { authorization: `Basic ${btoa('boss:x')}`, 'x-api-key': 'secret-of-boss' }],
      ['Basic', { authorization: `Basic ${btoa('boss:secret-of-boss')}` }],
      ['an expired token', bearer(await issuer.sign({ scope: SCOPES.join(' '), exp: nowS - 60 }))],
      ['a token for somebody else', bearer(await issuer.sign({ scope: SCOPES.join(' '), aud: 'other' }))],
      ['a forged token', bearer(`${(await issuer.sign({ scope: SCOPES.join(' ') })).slice(0, -8)}AAAAAAAA`)],
      ['an ID token', bearer(await issuer.sign({ scope: SCOPES.join(' '), nonce: 'n' }, untyped))],
      ['a logout token', bearer(await issuer.sign({ scope: SCOPES.join(' ') }, logout))],
      ['a bound token', bearer(await issuer.sign({ scope: SCOPES.join(' '), cnf: { jkt: 'k' } }))],
      ['an old token', bearer(await issuer.sign({ scope: SCOPES.join(' '), iat: nowS - 86_500 }))],
      ['the key in the query', {}],
    ];
  };

  it('there are routes of every scope to test', () => {
    expect(new Set(guarded().map(scopeOf))).toEqual(new Set(SCOPES));
  });

  it('every route answers the same 401', async () => {
    const kinds = await wrong();
    const told = new Set<string>();
    for (const route of guarded()) {
      for (const [kind, headers] of kinds) {
        const query =
          kind === 'the key in the query' ? '?api_key=secret-of-boss&access_token=secret-of-boss' : '';
        const answer = await send({ ...route, path: route.path + query }, headers);
        expect([route, kind, answer.status, answer.body['code']]).toEqual([
          route,
          kind,
          401,
          'unauthenticated',
        ]);
        const challenge = SENT_NONE.has(kind) ? CHALLENGE : `${CHALLENGE}, error="invalid_token"`;
        expect([route, kind, answer.headers.get('www-authenticate')]).toEqual([route, kind, challenge]);
        // The rest does not depend on it.
        const others = new Headers([...answer.headers].filter(([name]) => name !== 'www-authenticate'));
        told.add(JSON.stringify(toldBy({ ...answer, headers: others })));
      }
    }
    // With and without the outcome of SPEC §3.
    expect(told.size).toBe(2);
    expect(external.requests).toHaveLength(0);
  });

  it('so do unknown paths, for any method', async () => {
    const paths = [
      ...UNKNOWN_ROUTES,
      '/v3/nobody/pay',
      '/v3/acme/pay',
      '/admin',
      '/v3/acme/subscription/status/x',
    ];
    const told = new Set<string>();
    for (const target of paths) {
      for (const method of METHODS) {
        const answer = await raw.send({ method, target, headers: wrongKey() });
        expect([method, target, answer.status]).toEqual([method, target, 401]);
        if (method === 'HEAD') continue;
        const { requestId: _own, instance, ...document } = JSON.parse(answer.text) as Record<string, unknown>;
        expect(instance).toBe(target);
        told.add(JSON.stringify(document));
      }
    }
    expect(told.size).toBe(2);
  });

  it('an absolute target is checked by its path', async () => {
    for (const path of ['/v3/acme/pay', '/admin/payments', '/nothing']) {
      const { status } = await raw.send({
        method: 'GET',
        target: `http://health.example${path}`,
        headers: wrongKey(),
      });
      expect([path, status]).toEqual([path, 401]);
    }
    const open = await raw.send({ method: 'GET', target: 'http://elsewhere.example/problems/forbidden' });
    expect(open.status).toBe(200);
  });

  it('a callback does not accept the key of a caller', async () => {
    for (const method of ['GET', 'POST', 'PUT', 'HEAD']) {
      const answer = await call(
        `${gateway.url}/v3/nobody/callback`,
        method,
        undefined,
        bearer('secret-of-boss'),
      );
      expect([method, answer.status]).toEqual([method, 401]);
    }
  });

  it('public paths are open', async () => {
    const answer = await call(`${gateway.url}/problems/unauthenticated`, 'GET');
    expect(answer.status).toBe(200);
  });
});

describe('with credentials for other routes', () => {
  it('every route answers 403 without its scope, whether the external exists or not', async () => {
    for (const route of guarded()) {
      const headers = bearer(`secret-of-all-but-${scopeOf(route)}`);
      const answers = [await send(route, headers), await send(route, headers, 'nobody')];
      for (const answer of answers) {
        expect([route, answer.status, answer.body['code']]).toEqual([route, 403, 'forbidden']);
        expect(answer.headers.get('www-authenticate')).toContain(`scope="${scopeOf(route)}"`);
      }
      expect(toldBy(answers[0]!)).toEqual(toldBy(answers[1]!));
    }
  });

  it('so does a token without its scope', async () => {
    for (const route of guarded()) {
      const scope = SCOPES.filter((one) => one !== scopeOf(route)).join(' ');
      const token = await issuer.sign({ scope, externals: '*' });
      expect((await send(route, bearer(token))).status).toBe(403);
    }
  });

  it('a key for one external gets the same 403 for any other, existing or not, also where there is no route', async () => {
    const paths = ['/v3/:external/nothing', '/v3/:external', '/v3/:external/'].map((path) => ({
      method: 'GET',
      path,
    }));
    for (const route of [...guarded(), ...paths].filter(({ path }) => path.startsWith('/v3'))) {
      const headers = bearer('secret-of-only-other');
      const told = [];
      for (const name of ['acme', 'nobody', 'othe', 'other2', 'OTHER', '%6fther']) {
        const answer = await send(route, headers, name);
        expect([route, name, answer.status, answer.body['code']]).toEqual([route, name, 403, 'forbidden']);
        told.push(JSON.stringify(toldBy(answer)));
      }
      expect(new Set(told).size).toBe(1);
    }
  });

  it('paths below /admin answer 403 without a scope of /admin, also without a route', async () => {
    for (const path of ['/admin', '/admin/', '/admin/nothing']) {
      const answer = await call(`${gateway.url}${path}`, 'GET', undefined, bearer('secret-of-only-read'));
      expect([path, answer.status]).toEqual([path, 403]);
    }
  });

  it('no request has reached the external', () => {
    expect(external.requests).toHaveLength(0);
  });
});

describe('with valid credentials', () => {
  const passes = async (route: Route, headers: Record<string, string>, name?: string): Promise<void> => {
    const { status } = await send(route, headers, name);
    expect([route, status === 401 || status === 403]).toEqual([route, false]);
  };

  it('every route accepts a key, in either header, or a token, with its scope alone', async () => {
    for (const route of guarded()) {
      const scope = scopeOf(route);
      await passes(route, bearer(`secret-of-only-${scope}`));
      await passes(route, { 'x-api-key': `secret-of-only-${scope}` });
      await passes(route, bearer(await issuer.sign({ scope, externals: '*' })));
      await passes(route, {
        ...bearer(`secret-of-only-${scope}`),
        'x-api-key': `secret-of-only-${scope}`,
      });
      if (!scope.startsWith('admin')) await passes(route, bearer('secret-of-only-acme'));
    }
  });

  it('the scope admin opens every route below /admin, and nothing else', async () => {
    const token = bearer(await issuer.sign({ scope: 'admin' }));
    for (const route of guarded()) {
      for (const headers of [bearer('secret-of-only-admin'), token]) {
        if (route.path.startsWith('/admin')) await passes(route, headers);
        else expect([route, (await send(route, headers)).status]).toEqual([route, 403]);
      }
    }
  });

  it('a token is limited to the externals of OIDC_EXTERNALS_CLAIM', async () => {
    const limited = async (claims: object, path: string): Promise<number> => {
      const headers = bearer(await issuer.sign({ scope: 'read admin-read', ...claims }));
      return (await call(`${gateway.url}${path}`, 'GET', undefined, headers)).status;
    };
    const [acme, other] = ['/v3/acme/status?paymentId=p', '/v3/other/status?paymentId=p'];
    expect(await limited({ externals: ['acme'] }, acme)).toBe(200);
    for (const path of [other, '/v3/nobody/status?paymentId=p', '/admin/payments']) {
      expect([path, await limited({ externals: 'acme' }, path)]).toEqual([path, 403]);
    }
    expect(await limited({ externals: undefined }, acme)).toBe(403);
    expect(await limited({ externals: undefined }, '/admin/payments')).toBe(200);
  });

  it('reports unknown paths and externals', async () => {
    const boss = bearer('secret-of-boss');
    expect((await call(`${gateway.url}/nothing`, 'GET', undefined, boss)).body['code']).toBe('not-found');
    const answer = await call(`${gateway.url}/v3/nobody/status?paymentId=p`, 'GET', undefined, boss);
    expect(answer.body).toMatchObject({
      code: 'external-not-found',
      detail: expect.stringMatching(/^There is no external of this name\. These credentials may use: acme\b/),
    });
    const anonymous = await call(`${gateway.url}/v3/nobody/callback?paymentId=p`, 'GET');
    expect(anonymous.text).not.toContain('acme');
    const options = await call(`${gateway.url}/v3/acme/pay`, 'OPTIONS', undefined, boss);
    expect([options.status, options.headers.get('allow')]).toEqual([405, 'POST']);
  });

  it('separates callers: a key and a token with the same name are two', async () => {
    const pay = { amount: 1, currency: 'EUR', shopTransactionId: 'apart-1' };
    const headers = { 'idempotency-key': 'apart' };
    const token = bearer(await issuer.sign({ sub: 'only-payments', scope: 'payments', externals: ['acme'] }));
    const url = `${gateway.url}/v3/acme/pay`;
    const first = await call(url, 'POST', pay, { ...headers, ...bearer('secret-of-only-payments') });
    const second = await call(
      url,
      'POST',
      { ...pay, shopTransactionId: 'apart-2' },
      { ...headers, ...token },
    );
    expect([first.status, second.status]).toEqual([200, 200]);
  });

  it('answers 503 to a token while the issuer is unavailable, and only then', async () => {
    const down = await startIssuer();
    down.available = false;
    const other = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: {
        API_AUTH: 'required',
        API_KEYS: 'boss:secret-of-boss',
        OIDC_ISSUER: down.url,
        OIDC_AUDIENCE: AUDIENCE,
      },
    });
    try {
      const url = `${other.url}/v3/acme/status?paymentId=p`;
      const answer = await call(url, 'GET', undefined, bearer(await down.sign({ scope: 'read' })));
      expect([answer.status, answer.body['code']]).toEqual([503, 'authentication-unavailable']);
      expect(answer.headers.get('retry-after')).toBe('5');
      expect((await call(url, 'GET', undefined, bearer('secret-of-boss'))).status).toBe(200);
    } finally {
      await other.close();
      await down.close();
    }
  });
});

describe('API_AUTH', () => {
  const statusOf = async (path: string, headers: Record<string, string>, env: Record<string, string>) => {
    const one = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: { API_KEYS: 'shop:shop-secret:read,boss:boss-secret:admin', ...env },
    });
    try {
      return (await call(`${one.url}${path}`, 'GET', undefined, headers)).status;
    } finally {
      await one.close();
    }
  };
  const status = '/v3/acme/status?paymentId=p';
  const admin = '/admin/nothing';

  it.each<[string, string, string, Record<string, string>, number]>([
    ['optional', 'lets in who shows nothing', status, {}, 200],
    ['optional', 'but no wrong key', status, bearer('nope'), 401],
    ['optional', 'and asks administrators for their key', admin, {}, 401],
    ['optional', 'with its scope', admin, bearer('shop-secret'), 403],
    ['optional', 'which lets them in', admin, bearer('boss-secret'), 404],
    ['none', 'looks at no key', status, bearer('nope'), 200],
    ['none', 'but of administrators', admin, {}, 401],
  ])('%s %s', async (auth, _what, path, headers, expected) => {
    expect(await statusOf(path, headers, { API_AUTH: auth })).toBe(expected);
  });

  it('PUBLIC_PATHS closes omitted paths to callers without a key', async () => {
    const env = { API_AUTH: 'optional', PUBLIC_PATHS: '/health' };
    expect(await statusOf('/problems', {}, env)).toBe(401);
    expect(await statusOf('/problems', bearer('shop-secret'), env)).toBe(200);
  });
});
