import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type CollectedSpan, type Collector, startCollector } from '../support/collector.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const CALLER_SPAN = '00f067aa0ba902b7';
const CLIENT = 3;
const SERVER = 2;
const ERROR = 2;

describe('traces', () => {
  let collector: Collector;
  let external: StubExternal;
  let receiver: TestReceiver;
  let gateway: Gateway;
  let count = 0;
  let traceId: string;

  const traceparent = (flags = '01'): string => `00-${traceId}-${CALLER_SPAN}-${flags}`;
  const spansOfTrace = (): CollectedSpan[] => collector.spans.filter((span) => span.traceId === traceId);
  const parentOf = (span: CollectedSpan): string | undefined =>
    spansOfTrace().find(({ spanId }) => spanId === span.parentSpanId)?.name ?? span.parentSpanId;
  /** The name of each span of the trace and of its parent, in an order independent of time. */
  const tree = (): string[] =>
    spansOfTrace()
      .map((span) => `${span.name} < ${parentOf(span)}`)
      .toSorted((a, b) => a.localeCompare(b));
  const named = (name: string): CollectedSpan => spansOfTrace().find((span) => span.name === name)!;
  const collected = (spans: number): Promise<void> =>
    until(() => spansOfTrace().length >= spans, `${spans} spans`);

  const pay = (headers: Readonly<Record<string, string>>): ReturnType<typeof call> =>
    call(
      `${gateway.url}/v3/acme/pay`,
      'POST',
      {
        amount: 1299,
        currency: 'EUR',
        shopTransactionId: `order-${(count += 1)}`,
        providerData: { token: 'tok_never_to_be_seen' },
      },
      headers,
    );

  beforeAll(async () => {
    collector = await startCollector();
    external = await startStubExternal();
    receiver = await startReceiver();
    gateway = await startGateway({
      externals: [{ externalService: 'acme', baseUrl: external.url }],
      env: {
        OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
        PAYMENT_CALLBACK_URL: `${receiver.url}&token=tok_never_to_be_seen`,
        NOTIFICATION_SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}`,
        NOTIFICATION_SCHEDULE: '10ms',
      },
    });
  });
  beforeEach(() => {
    count += 1;
    traceId = count.toString(16).padStart(32, '4bf92f3577b34da6');
    external.behave(answerOk);
    external.requests.length = 0;
  });
  afterAll(async () => {
    await gateway.close();
    await external.close();
    await receiver.stop();
    await collector.close();
  });

  it('connect the caller, the operation, the external and the commits', async () => {
    await pay({ traceparent: traceparent() });
    await collected(6);
    expect(tree()).toEqual([
      'call pay < operation pay',
      'commit before the call < operation pay',
      'commit of the outcome < operation pay',
      'operation pay < POST /v3/:external/pay',
      `POST /v3/:external/pay < ${CALLER_SPAN}`,
      'POST pay < call pay',
    ]);
    expect([named('POST /v3/:external/pay').kind, named('POST pay').kind]).toEqual([SERVER, CLIENT]);
    expect(attributesOf(named('POST /v3/:external/pay'))).toMatchObject({
      'http.request.method': 'POST',
      'http.route': '/v3/:external/pay',
      'http.response.status_code': 200,
      'tollgate.external': 'acme',
      'tollgate.outcome': 'executed',
    });
    expect(external.requests[0]!.headers['traceparent']).toBe(`00-${traceId}-${named('POST pay').spanId}-01`);
  });

  it('continue across the queue to the receiver', async () => {
    await call(`${gateway.url}/v3/acme/check?paymentId=across-${count}`, 'GET', undefined, {
      traceparent: traceparent(),
    });
    await collected(5);
    expect(tree()).toEqual([
      'call status < GET /v3/:external/check',
      'commit of the answer < GET /v3/:external/check',
      `GET /v3/:external/check < ${CALLER_SPAN}`,
      'GET status < call status',
      'notify receiver < GET /v3/:external/check',
    ]);
    const notified = receiver.received.at(-1)!.headers['traceparent'];
    expect(notified).toBe(`00-${traceId}-${named('notify receiver').spanId}-01`);
  });

  it('continue after a callback, which is answered before the query', async () => {
    await call(
      `${gateway.url}/v3/acme/callback?paymentId=called-back-${count}`,
      'POST',
      {},
      {
        traceparent: traceparent(),
      },
    );
    await collected(5);
    expect(tree()).toEqual([
      'call status < POST /v3/:external/callback',
      'commit of the answer < POST /v3/:external/callback',
      'GET status < call status',
      'notify receiver < POST /v3/:external/callback',
      `POST /v3/:external/callback < ${CALLER_SPAN}`,
    ]);
  });

  it('continue the payment’s trace after a callback without a trace', async () => {
    const paymentId = `pm-redirected-${count}`;
    external.behave(({ method }) =>
      method === 'GET' ? { status: 'ACCEPTED', paymentId } : { result: 'PENDING', paymentId },
    );
    await pay({ traceparent: traceparent() });
    await call(`${gateway.url}/v3/acme/callback?paymentId=${paymentId}`, 'POST', {});
    await collected(10);
    expect(tree().filter((step) => /^(?:call status|commit of the answer|notify)/.test(step))).toEqual([
      'call status < operation pay',
      'commit of the answer < operation pay',
      'notify receiver < operation pay',
    ]);
    const isCallback = ({ name, links }: CollectedSpan): boolean =>
      name === 'POST /v3/:external/callback' && (links ?? []).some((link) => link.traceId === traceId);
    await until(() => collector.spans.some(isCallback), 'the span of the callback, linked to the payment’s');
  });

  it('begin here if the caller sends none', async () => {
    await pay({});
    const sent = external.requests[0]!.headers['traceparent'] as string;
    traceId = sent.slice(3, 35);
    await collected(6);
    expect(named('POST /v3/:external/pay').parentSpanId ?? '').toBe('');
  });

  it('keep the caller’s decision not to sample, and pass it on', async () => {
    await pay({ traceparent: traceparent('00') });
    expect(external.requests[0]!.headers['traceparent']).toMatch(
      new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`),
    );
    const sampled = { traceparent: `00-${'ab'.repeat(16)}-${CALLER_SPAN}-01` };
    await pay(sampled);
    await until(
      () => collector.spans.filter((span) => span.traceId === 'ab'.repeat(16)).length === 6,
      'the spans of a later trace',
    );
    expect(spansOfTrace()).toEqual([]);
  });

  it('show failures', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    await pay({ traceparent: traceparent() });
    await collected(6);
    expect(named('POST pay').status).toEqual({ code: ERROR, message: '500' });
    expect(attributesOf(named('POST pay'))).toMatchObject({
      'http.response.status_code': 500,
      'error.type': '500',
    });
    expect(attributesOf(named('call pay'))).toMatchObject({ 'error.type': 'server-error' });
    expect(attributesOf(named('POST /v3/:external/pay'))).toMatchObject({ 'error.type': 'provider-error' });
    expect(named('call pay').status).toEqual({ code: ERROR, message: 'server-error' });
    expect(named('operation pay').status.code).toBe(ERROR);
    expect(named('POST /v3/:external/pay').status).toEqual({ code: ERROR, message: 'provider-error' });
    expect(named('commit of the outcome').status.code ?? 0).toBe(0);
  });

  it('describe requests and commits by the semantic conventions', async () => {
    await call(`${gateway.url}/v3/acme/check?paymentId=described-${count}`, 'GET', undefined, {
      traceparent: traceparent(),
    });
    await collected(5);
    const { hostname, port, origin } = new URL(external.url);
    expect(attributesOf(named('GET status'))).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'network.protocol.version': '1.1',
      'server.address': hostname,
      'server.port': Number(port),
      'url.full': `${origin}/status?paymentId=described-${count}`,
    });
    expect(attributesOf(named('notify receiver'))).toMatchObject({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'server.port': Number(new URL(receiver.url).port),
      'url.full': `${new URL(receiver.url).origin}/hook?REDACTED`,
    });
    expect(attributesOf(named('notify receiver'))).not.toHaveProperty(['http.request.resend_count']);
    const commit = attributesOf(named('commit of the answer'));
    expect(commit).toMatchObject({ 'db.operation.name': 'COMMIT' });
    expect(
      commit['db.system.name'] === 'sqlite'
        ? ['db.namespace']
        : ['db.namespace', 'server.address', 'server.port'],
    ).toEqual(Object.keys(commit).filter((name) => /^(server|db.namespace)/.test(name)));
    expect(named('commit of the answer').kind).toBe(CLIENT);
  });

  it('show each attempt on the wire, with its count', async () => {
    let asked = 0;
    external.behave((_, response) =>
      (asked += 1) === 1
        ? answerJson(response, 503, {})
        : { status: 'ACCEPTED', paymentId: `retried-${count}`, shopTransactionId: 'retried' },
    );
    await call(`${gateway.url}/v3/acme/status?paymentId=retried-${count}`, 'GET', undefined, {
      traceparent: traceparent(),
    });
    await collected(4);
    const attempts = spansOfTrace().filter(({ name }) => name === 'GET status');
    expect(
      attempts.map((span) => {
        const attributes = attributesOf(span);
        return [
          attributes['http.request.resend_count'],
          attributes['http.response.status_code'],
          attributes['error.type'],
        ];
      }),
    ).toEqual([
      [undefined, 503, '503'],
      [1, 200, undefined],
    ]);
    expect(new Set(attempts.map(parentOf))).toEqual(new Set(['call status']));
    expect(external.requests.map(({ headers }) => headers['traceparent'])).toEqual(
      attempts.map(({ spanId }) => `00-${traceId}-${spanId}-01`),
    );
  });

  it('show each delivery, with its count', async () => {
    receiver.answers(503, 200);
    await call(`${gateway.url}/v3/acme/check?paymentId=delivered-${count}`, 'GET', undefined, {
      traceparent: traceparent(),
    });
    await collected(6);
    expect(
      spansOfTrace()
        .filter(({ name }) => name === 'notify receiver')
        .map(attributesOf)
        .map((attributes) => [attributes['http.request.resend_count'], attributes['error.type']]),
    ).toEqual([
      [undefined, '503'],
      [1, undefined],
    ]);
  });

  it('show why there was no answer', async () => {
    external.behave((_, response) => {
      response.socket!.destroy();
      return undefined;
    });
    await pay({ traceparent: traceparent() });
    await collected(6);
    expect(attributesOf(named('POST pay'))['error.type']).toMatch(/^(UND_ERR_SOCKET|ECONNRESET|cut)$/);
    expect(attributesOf(named('POST pay'))).not.toHaveProperty(['http.response.status_code']);
  });

  it('pass tracestate on to the external and the receiver', async () => {
    const tracestate = 'vendor=t61rcWkgMzE,congo@sys=1';
    const headers = { traceparent: traceparent(), tracestate: ` ${tracestate.replace(',', ' , ')}` };
    await call(`${gateway.url}/v3/acme/check?paymentId=state-${count}`, 'GET', undefined, headers);
    await collected(5);
    expect(external.requests[0]!.headers['tracestate']).toBe(tracestate);
    expect(receiver.received.at(-1)!.headers['tracestate']).toBe(tracestate);
    await call(`${gateway.url}/v3/acme/check?paymentId=state-${count}`, 'GET', undefined, { tracestate });
    expect(external.requests[1]!.headers).not.toHaveProperty('tracestate');
  });

  it('name the service, this instance of it, and contain no secret', () => {
    expect(
      attributesOf({ attributes: collector.resources[0]! } as CollectedSpan)['service.instance.id'],
    ).toMatch(/^[0-9a-f]{8}-[0-9a-f-]{27}$/);
    expect(JSON.stringify(collector.resources[0])).toContain(
      '{"key":"service.name","value":{"stringValue":"tollgate"}}',
    );
    expect(collector.bodies.join()).not.toContain('tok_never_to_be_seen');
  });
});

describe('requests for credentials', () => {
  it('have spans without secrets: for a token, and for the documents of an issuer', async () => {
    const collector = await startCollector();
    let isDown = false;
    const peer: StubExternal = await startStubExternal(({ url }, response) => {
      if (isDown) return void response.destroy();
      if (url.startsWith('/token')) return { access_token: 'secret-token', token_type: 'Bearer' };
      if (url.includes('well-known')) return { issuer: peer.url, jwks_uri: `${peer.url}/keys` };
      if (url === '/keys') return { keys: [{ kty: 'RSA', kid: 'k', n: 'AQAB', e: 'AQAB' }] };
      return { result: 'OK', paymentId: 'p' };
    });
    const auth = {
      type: 'oauth2-client-credentials',
      tokenUrl: `${peer.url}/token?secret=seen`,
      clientId: 'c',
      clientSecret: 'secret-of-the-client',
    };
    const gateway = await startGateway({
      externals: ['acme', 'other'].map((externalService) => ({ externalService, baseUrl: peer.url, auth })),
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OIDC_ISSUER: peer.url, OIDC_AUDIENCE: 'tollgate' },
    });
    const pay = (name: string, headers = {}): ReturnType<typeof call> =>
      call(
        `${gateway.url}/v3/${name}/pay`,
        'POST',
        { amount: 1, currency: 'EUR', shopTransactionId: 'o' },
        headers,
      );
    const header = Buffer.from('{"alg":"RS256","kid":"other"}').toString('base64url');
    await pay('acme');
    await pay('acme', { authorization: `Bearer ${header}.e30.c2ln` });
    isDown = true;
    await pay('other');
    const spans = (): CollectedSpan[] => collector.spans.filter(({ name }) => /token|issuer/.test(name));
    await until(() => spans().length >= 4, 'the spans');
    const seen = spans().map((span) => [
      span.name,
      String(attributesOf(span)['url.full']).replace(peer.url, ''),
      attributesOf(span)['http.response.status_code'] ?? attributesOf(span)['error.type'],
    ]);
    expect(seen.slice(0, 3)).toEqual([
      ['POST token', '/token?REDACTED', 200],
      ['GET issuer', '/.well-known/openid-configuration', 200],
      ['GET issuer', '/keys', 200],
    ]);
    expect(seen.at(-1)).toEqual(['POST token', '/token?REDACTED', expect.stringMatching(/./)]);
    expect(collector.bodies.join()).not.toMatch(/secret/);
    await gateway.close();
    await peer.close();
    await collector.close();
  });
});

function attributesOf({ attributes }: CollectedSpan): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));
}
