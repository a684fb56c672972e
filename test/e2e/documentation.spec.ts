import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApiDocument } from '../../src/http/openapi/api-document.js';
import { PROBLEM_CODES } from '../../src/problems/problem.js';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  type DocumentedOperation,
  examplesIn,
  fetchDocument,
  type OpenApiDocument,
  operationsOf,
  parametersOf,
  responseOf,
  schemaJudge,
  type SchemaJudge,
  token,
  valueOf,
} from '../support/openapi-document.js';

/** `/documentation/openapi.json` as a new developer reads it (SPEC §8). */

let gateway: Gateway;
let document: OpenApiDocument;
let judge: SchemaJudge;

beforeAll(async () => {
  gateway = await startGateway();
  document = await fetchDocument(gateway.url);
  judge = schemaJudge(document);
});
afterAll(async () => {
  await gateway.close();
});

const named = (id: string): DocumentedOperation =>
  operationsOf(document).find(({ operation }) => operation.operationId === id)!;

/** The problems that an operation shows as examples, as `status code` or `status code outcome`. */
function problemsOf(documented: DocumentedOperation): string[] {
  return Object.keys(documented.operation.responses).flatMap((status) =>
    Object.values(
      responseOf(document, documented, status).response!.content?.['application/problem+json']?.examples ??
        {},
    ).map((example) => {
      const { code, outcome } = valueOf(document, example) as { code: string; outcome?: string };
      return `${status} ${code}${outcome ? ` ${outcome}` : ''}`;
    }),
  );
}

describe('the document', () => {
  it('is OpenAPI 3.1', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Tollgate', license: { identifier: 'Apache-2.0' } },
      servers: [{ url: '/' }],
    });
  });

  it('passes Redocly’s recommended rules without a warning', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-lint-'));
    const file = join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify(document));
    const redocly = resolve('node_modules/@redocly/cli/bin/cli.js');
    const lint = spawn(process.execPath, [redocly, 'lint', file, '--extends=recommended', '--format=json'], {
      cwd: folder,
      env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
    });
    let output = '';
    lint.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const code = await new Promise((ended) => lint.once('close', ended));
    rmSync(folder, { recursive: true });
    const { problems } = JSON.parse(output) as { problems: { ruleId: string; message: string }[] };
    expect(problems.map(({ ruleId, message }) => `${ruleId}: ${message}`)).toEqual([]);
    expect(code).toBe(0);
  }, 120_000);

  it('has examples that match their schemas', () => {
    const breaches = [...examplesIn(document)].map(({ schema, value }) => judge(schema, value));
    expect(breaches.length).toBeGreaterThan(400);
    expect(breaches.filter((breach) => breach !== undefined)).toEqual([]);
  });

  it('detects an example that does not match', () => {
    expect(judge('/components/schemas/PayRequest', { amount: '1' })).toContain('must have required property');
    expect(judge('/components/schemas/PayRequest', payment({ typo: 1 }))).toContain('additional properties');
    expect(judge('/components/schemas/SubscriptionUpdateRequest', {})).toContain('fewer than 1');
    expect(judge('/components/schemas/SubscriptionUpdateRequest', { amount: 1 })).toContain('currency');
  });

  it('allows null in the optional fields of requests, and of requests only', () => {
    const schema = (name: string): string => `/components/schemas/${name}`;
    const nulls = { successRedirectUrl: null, providerData: null };
    expect(judge(schema('PayRequest'), payment(nulls))).toBeUndefined();
    expect(
      judge(schema('SubscriptionUpdateRequest'), { shopTransactionId: 'o', subscriptionInfo: null }),
    ).toBeUndefined();
    expect(judge(schema('ReplayRequest'), { state: null })).toBeUndefined();
    expect(judge(schema('PayRequest'), payment({ currency: null }))).toBeDefined();
    expect(judge(schema('PayAnswer'), { result: 'OK', paymentId: 'p', redirectToUrl: null })).toBeDefined();
  });

  it('contains every route of the API and no other', () => {
    const { stack } = (gateway.app.getHttpAdapter().getInstance() as { router: { stack: Layer[] } }).router;
    const routes = stack.flatMap(({ route }) =>
      Object.keys(route?.methods ?? {}).map(
        (method) => `${method} ${route!.path.replaceAll(/:(\w+)/g, '{$1}')}`,
      ),
    );
    const api = routes.filter((route) => /^\w+ \/(v3|admin|health|metrics)\b/.test(route));
    const documented = operationsOf(document).map(({ method, path }) => `${method} ${path}`);
    expect(documented.toSorted()).toEqual(api.toSorted());
  });

  it('has a unique id for each operation, under a declared tag', () => {
    const operations = operationsOf(document).map(({ operation }) => operation);
    const ids = operations.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(expect.arrayContaining(['pay', 'payByLink', 'refund', 'expireSubscription']));
    const tags = document.tags.map(({ name }) => name);
    expect(operations.filter(({ tags: [tag] }) => !tags.includes(tag!))).toEqual([]);
  });
});

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

function payment(more: object = {}): object {
  return { amount: 1, currency: 'EUR', shopTransactionId: 'o', ...more };
}

describe('responses of operations', () => {
  /** SPEC §3, written by hand: the source of the document must not check itself. */
  const OF_CALLS = '400 401 403 404 422 429 501 502 503 504';
  const OF_CHANGES = '400 401 403 404 409 422 429 501 502 503 504';
  const OF_BODIES = '400 401 403 404 409 413 415 422 429 501 502 503 504';

  it.each([
    ['pay', OF_BODIES],
    ['payByLink', OF_BODIES],
    ['refund', OF_BODIES],
    ['cancelPayment', OF_BODIES],
    ['getPaymentStatus', OF_CALLS],
    ['checkPayment', OF_CALLS],
    ['getRefundStatus', OF_CALLS],
    ['scheduleSubscription', OF_BODIES],
    ['startSubscription', OF_BODIES],
    ['paySubscription', OF_BODIES],
    ['updateSubscription', OF_BODIES],
    ['getSubscriptionStatus', OF_CALLS],
    ['expireSubscription', OF_CHANGES],
    // For some externals only (docs/moving-from-pgm.md).
    ['expireSubscriptionByPost', OF_CHANGES.replace('404', '404 405')],
    ['receiveCallback', '400 401 403 404 429 503'],
    ['receiveCallbackWithBody', '400 401 403 404 413 415 429 503'],
    ['getPayment', '400 401 403 404 429 503'],
    ['refundPaymentById', OF_BODIES],
    ['getMetrics', '401 503'],
  ])('%s has the statuses of SPEC §3 that it can answer, and no others', (id, statuses) => {
    expect(Object.keys(named(id).operation.responses)).toEqual(['200', ...statuses.split(' '), 'default']);
  });

  it('narrows the code to those of the status, and has an outcome where money could have moved', () => {
    const violation = (id: string, status: number, members: object): string | undefined => {
      const { pointer, response } = responseOf(document, named(id), status);
      const [example] = Object.values(response!.content!['application/problem+json']!.examples!);
      const schema = `${pointer}/content/${token('application/problem+json')}/schema`;
      return judge(schema, { ...(valueOf(document, example!) as object), ...members });
    };
    expect(violation('pay', 409, { code: 'duplicate-payment' })).toBeUndefined();
    expect(violation('pay', 409, { code: 'payment-not-pending' })).toContain('code');
    expect(violation('pay', 409, { outcome: undefined })).toContain('outcome');
    expect(violation('pay', 409, { status: 422 })).toContain('status');
    expect(violation('pay', 400, { errors: undefined })).toContain('errors');
    expect(violation('getPaymentStatus', 504, { outcome: undefined })).toBeUndefined();
  });

  it('has a variant for each result of an answer, with the fields that come with it', () => {
    const violation = (schema: string, answer: object): string | undefined =>
      judge(`/components/schemas/${schema}`, answer);
    const paid = { result: 'OK', paymentId: 'pm_1' };
    expect(violation('PayAnswer', paid)).toBeUndefined();
    expect(violation('PayAnswer', { result: 'KO' })).toBeUndefined();
    expect(violation('PayAnswer', { result: 'OK' })).toContain('paymentId');
    expect(violation('PayAnswer', { ...paid, result: 'REDIRECT_TO_URL' })).toContain('redirectToUrl');
    for (const redirect of [{ redirectToUrl: 'https://pay.example' }, { redirectToUrlMobile: 'app://pay' }])
      expect(violation('PayAnswer', { ...paid, result: 'REDIRECT_TO_URL', ...redirect })).toBeUndefined();
    expect(violation('PayByLinkAnswer', { result: 'OK' })).toContain('link');
    expect(violation('SubscriptionPayAnswer', paid)).toContain('subscriptionToken');
    expect(violation('SubscriptionChargeAnswer', { result: 'KO' })).toContain('subscriptionToken');
    expect(document.components['schemas']!['PayAnswer']).toMatchObject({
      discriminator: {
        propertyName: 'result',
        mapping: { REDIRECT_TO_URL: '#/components/schemas/PayAnswerRedirectToUrl' },
      },
    });
  });

  it('is for a payment every problem of SPEC §3 except those of other resources', () => {
    expect(problemsOf(named('pay')).filter((problem) => !problem.startsWith('default'))).toEqual([
      '400 validation-failed not-executed',
      '401 unauthenticated not-executed',
      '403 forbidden not-executed',
      '404 external-not-found not-executed',
      '409 idempotency-conflict unknown',
      '409 duplicate-payment not-executed',
      '409 duplicate-payment unknown',
      '409 repeated-without-key unknown',
      '413 payload-too-large not-executed',
      '415 unsupported-media-type not-executed',
      '422 idempotency-key-reused not-executed',
      '422 provider-rejected not-executed',
      '429 rate-limited not-executed',
      '501 operation-not-supported not-executed',
      '502 provider-error unknown',
      '502 provider-error not-executed',
      '502 invalid-provider-response unknown',
      '503 provider-unavailable not-executed',
      '503 overloaded not-executed',
      '503 recovering not-executed',
      '503 shutting-down unknown',
      '503 shutting-down not-executed',
      '503 authentication-unavailable not-executed',
      '503 storage-unavailable unknown',
      '503 storage-unavailable not-executed',
      '504 provider-timeout unknown',
    ]);
  });

  it('follows from the subject of the operation', () => {
    expect(problemsOf(named('refund'))).toEqual(
      expect.arrayContaining([
        '404 payment-not-found not-executed',
        '422 refund-exceeds-payment not-executed',
      ]),
    );
    expect(problemsOf(named('refund'))).not.toContain('409 duplicate-payment not-executed');
    const status = problemsOf(named('getPaymentStatus'));
    expect(status).toEqual(expect.arrayContaining(['404 payment-not-found', '504 provider-timeout']));
    expect(status.filter((problem) => /idempotency|payload|media-type/.test(problem))).toEqual([]);
    expect(problemsOf(named('expireSubscription'))).toContain('404 subscription-not-found not-executed');
  });

  it('covers every code', () => {
    const shown = new Set(
      operationsOf(document)
        .flatMap(problemsOf)
        .map((problem) => problem.split(' ')[1]),
    );
    const hidden = PROBLEM_CODES.filter((code) => !shown.has(code));
    expect(hidden).toEqual([]);
  });

  it('declares the response headers', () => {
    const headersOf = (status: string): string[] =>
      Object.keys(responseOf(document, named('pay'), status).response!.headers!);
    expect(headersOf('200')).toEqual(['X-Request-Id', 'Idempotency-Replayed']);
    expect(headersOf('401')).toContain('WWW-Authenticate');
    expect(headersOf('429')).toContain('Retry-After');
    expect(headersOf('503')).toContain('Retry-After');
    expect(headersOf('504')).toContain('Idempotency-Replayed');
    expect(headersOf('default')).toContain('Allow');
  });
});

describe('requests of operations', () => {
  it('declares an Idempotency-Key for state-changing operations, and tracing ids for all', () => {
    const contract = operationsOf(document).filter(({ path }) => path.startsWith('/v3/'));
    expect(contract).toHaveLength(16);
    for (const { operation, path, method } of contract) {
      const headers = parametersOf(document, operation)
        .filter((parameter) => parameter.in === 'header')
        .map(({ name }) => name);
      const changes = method !== 'get' && !path.endsWith('/callback');
      expect([operation.operationId, headers]).toEqual([
        operation.operationId,
        [...(changes ? ['Idempotency-Key'] : []), 'X-Request-Id', 'traceparent'],
      ]);
    }
  });

  it('fills in the first of two alternatives, and no other optional parameter', () => {
    const filled = operationsOf(document).flatMap(({ operation }) =>
      parametersOf(document, operation)
        .filter(({ required, example }) => required !== true && example !== undefined)
        .map(({ name }) => `${operation.operationId} ${name}`),
    );
    expect(filled.toSorted()).toEqual([
      'checkPayment paymentId',
      'getPaymentStatus paymentId',
      'receiveCallback paymentId',
    ]);
    expect(JSON.stringify(document.paths)).not.toContain('"default":50');
  });

  it('has an id of the right kind as the example of each id', () => {
    const examples = operationsOf(document).flatMap(({ path, operation }) =>
      parametersOf(document, operation)
        .filter(({ name }) => name === 'id')
        .map(({ example }) => `${path.split('/')[2]} ${String(example).split('_')[0]}`),
    );
    expect([...new Set(examples)].toSorted()).toEqual([
      'notifications ntf',
      'operations op',
      'payments pay',
      'refunds ref',
      'subscriptions sub',
    ]);
  });

  it('comes after what only reads, where it is destructive', () => {
    const ids = (tag: string): string[] =>
      operationsOf(document).flatMap(({ operation: { tags, operationId } }) =>
        tags[0] === tag ? [operationId] : [],
      );
    expect(ids('Payments')).toEqual([
      'pay',
      'payByLink',
      'getPaymentStatus',
      'checkPayment',
      'refund',
      'getRefundStatus',
      'cancelPayment',
    ]);
    expect(ids('Subscriptions').slice(-2)).toEqual(['expireSubscription', 'expireSubscriptionByPost']);
    const admin = operationsOf(document).filter(({ operation: { tags } }) => tags[0] === 'Admin');
    const firstAct = admin.findIndex(({ method }) => method !== 'get');
    expect(admin.slice(firstAct).filter(({ method }) => method === 'get')).toEqual([]);
    const adminIds = ids('Admin');
    expect(adminIds.indexOf('replayNotifications')).toBeGreaterThan(adminIds.indexOf('replayNotification'));
  });

  it('offers the schemes of callers first', () => {
    expect(Object.keys(document.components['securitySchemes']!)).toEqual([
      'apiKey',
      'apiKeyHeader',
      'accessToken',
      'callbackBearer',
      'callbackBasic',
      'callbackSignature',
    ]);
  });

  it('requires a key or a token with the scope of the route', () => {
    expect(named('refund').operation.security).toEqual([
      { apiKey: ['refunds'] },
      { apiKeyHeader: ['refunds'] },
      { accessToken: ['refunds'] },
    ]);
  });

  it.each([
    ['paymentStatusChanged', 'PaymentNotification', 'payment'],
    ['subscriptionStatusChanged', 'SubscriptionNotification', 'subscription'],
  ])('shows the notification %s as a webhook', (name, schema, event) => {
    const { post } = document.webhooks[name]!;
    expect(parametersOf(document, post).map(({ name, required }) => [name, required === true])).toEqual([
      ['webhook-id', true],
      ['webhook-timestamp', true],
      ['webhook-signature', true],
      ['X-Tollgate-Event', true],
      ['X-Payment-Version', true],
      ['X-Request-Id', true],
      ['traceparent', false],
    ]);
    expect(JSON.stringify(post)).toContain(`"enum":["${event}"]`);
    expect(post.requestBody).toMatchObject({
      content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } },
    });
  });
});

describe('the examples at the bundled simulator', () => {
  it('receive the documented answers', async () => {
    const answered: string[] = [];
    for (const one of operationsOf(document)) {
      for (const request of requestsOf(one)) {
        const answer = await call(`${gateway.url}${request.target}`, one.method.toUpperCase(), request.body);
        const type = answer.headers.get('content-type')!.split(';', 1)[0]!;
        const { response, pointer } = responseOf(document, one, answer.status);
        answered.push(`${one.operation.operationId} ${answer.status}`);
        expect([answered.at(-1), response?.content?.[type] !== undefined]).toEqual([answered.at(-1), true]);
        expect(answer.headers.has('x-request-id')).toBe(true);
        const schema = `${pointer}/content/${token(type)}/schema`;
        expect(judge(schema, type === 'text/plain' ? answer.text : answer.body)).toBeUndefined();
      }
    }
    expect(answered).toEqual(
      expect.arrayContaining([
        'pay 200',
        'payByLink 200',
        'scheduleSubscription 200',
        'startSubscription 200',
        'receiveCallback 200',
        'getReadiness 200',
        // The simulator knows the ids of the examples.
        'cancelPayment 200',
        'refund 200',
        'getPaymentStatus 200',
        'checkPayment 200',
        'updateSubscription 200',
        'expireSubscription 200',
      ]),
    );
  }, 120_000);

  function requestsOf({ path, operation }: DocumentedOperation): { target: string; body?: object }[] {
    const parameters = parametersOf(document, operation);
    const filled = parameters
      .filter((parameter) => parameter.in === 'path')
      .reduce((text, { name, example }) => text.replace(`{${name}}`, String(example)), path);
    const query = parameters
      // Of `paymentId` and `shopTransactionId`, one is required.
      .filter(
        (parameter) => parameter.in === 'query' && (parameter.required || parameter.name === 'paymentId'),
      )
      .map(({ name, example }) => `${name}=${encodeURIComponent(String(example))}`);
    const target = [filled, ...query].join('?');
    const examples = operation.requestBody?.content['application/json']?.examples;
    return examples
      ? Object.values(examples).map((example) => ({ target, body: valueOf(document, example) as object }))
      : [{ target }];
  }
});

describe('serving it', () => {
  const get = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(`${gateway.url}${path}`, { headers });

  it('is the same page with and without a trailing slash', async () => {
    const [bare, slashed] = await Promise.all([get('/documentation'), get('/documentation/')]);
    expect([bare.status, slashed.status]).toEqual([200, 200]);
    expect(await bare.text()).toBe(await slashed.text());
  });

  it('revalidates each time, and sends the page only after a change', async () => {
    for (const path of ['/documentation', '/documentation/openapi.json', '/documentation/start.js']) {
      const first = await get(path);
      expect(first.headers.get('cache-control')).toBe('no-cache');
      // Without this header, fetch would add `no-cache`.
      const headers = { 'if-none-match': first.headers.get('etag')!, 'cache-control': 'max-age=0' };
      const second = await get(path, headers);
      expect([second.status, await second.text()]).toEqual([304, '']);
    }
  });

  it('makes the document once for a burst of first requests', async () => {
    const fresh = await startGateway();
    const make = jest.spyOn(ApiDocument.prototype, 'text');
    try {
      const answers = await Promise.all(Array.from({ length: 20 }, () => fetchDocument(fresh.url)));
      for (const answer of answers) expect(answer).toEqual(document);
      expect(make).toHaveBeenCalledTimes(1);
    } finally {
      make.mockRestore();
      await fresh.close();
    }
  });

  it('lets browsers cache the files of Swagger UI, and serves no others', async () => {
    const page = await (await get('/documentation')).text();
    const [script] = /\/documentation\/swagger-ui-[^"]+\.js/.exec(page)!;
    const file = await get(script);
    expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    expect(file.headers.get('content-type')).toMatch(/^text\/javascript/);
    await file.body!.cancel();
    for (const path of ['package.json', '..%2fpackage.json', 'swagger-ui-bundle.js.map', 'index.html']) {
      expect((await get(script.replace('swagger-ui-bundle.js', path))).status).toBe(404);
    }
    expect((await get(script.replace(/-[\d.]+\//, '-1.0.0/'))).status).toBe(404);
  });

  it('answers unknown paths with problem documents', async () => {
    const answer = await call(`${gateway.url}/documentation`, 'POST', {});
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await call(`${gateway.url}/documentation/nothing`, 'GET')).body['code']).toBe('not-found');
  });
});
