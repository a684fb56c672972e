import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { Exposition, type Sample } from '../support/exposition.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { scrape } from '../support/scrape.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { startReceiver, type TestReceiver } from '../support/test-receiver.js';
import { until } from '../support/until.js';

const TOKEN = 'token-towards-the-external';
const KEY = 'a-caller-key-of-some-length';
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;

const NAME = /^(?:tollgate|process|nodejs)_[a-z][a-z_]*$/;

describe('metrics', () => {
  let external: StubExternal;
  let receiver: TestReceiver;
  let gateway: Gateway;
  let count = 0;

  const headers = { authorization: `Bearer ${KEY}` };
  const pay = (fields: object = {}): ReturnType<typeof call> =>
    call(
      `${gateway.url}/v3/acme/pay`,
      'POST',
      { amount: 1299, currency: 'EUR', shopTransactionId: `order-${(count += 1)}`, ...fields },
      headers,
    );
  const scraped = async (): Promise<Exposition> => new Exposition(await scrape(gateway));

  beforeAll(async () => {
    external = await startStubExternal();
    receiver = await startReceiver();
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          auth: { type: 'bearer', token: TOKEN },
          callbackAuth: { type: 'bearer', token: 'callback-token' },
          timeoutMs: 500,
          maxConcurrency: 50,
          circuitBreaker: { failures: 3, windowMs: 10_000, openMs: 60_000 },
        },
        { externalService: 'other', baseUrl: external.url, statusByShopTransactionId: true, timeoutMs: 200 },
      ],
      env: {
        API_KEYS: `shop:${KEY}`,
        API_AUTH: 'required',
        PAYMENT_CALLBACK_URL: receiver.url,
        NOTIFICATION_SECRET: SECRET,
        NOTIFICATION_SCHEDULE: '10ms,10ms',
      },
    });
  });
  beforeEach(() => external.behave(answerOk));
  afterAll(async () => {
    await gateway.close();
    await external.close();
    await receiver.stop();
  });

  it('are in the text format, with names by the conventions of Prometheus', async () => {
    await pay();
    const answer = await call(`${gateway.url}/metrics`, 'GET', undefined, headers);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    const { families, samples } = new Exposition(answer.text);
    const series = samples.map(({ name, labels }) => keyOf(name, labels));
    expect(series).toHaveLength(new Set(series).size);
    expect(families.filter(({ name }) => !NAME.test(name))).toEqual([]);
    expect(families.filter(({ help }) => help === '')).toEqual([]);
    expect(families.filter(({ name, type }) => name.endsWith('_total') !== (type === 'COUNTER'))).toEqual([]);
    const histograms = families.filter(({ type }) => type === 'HISTOGRAM');
    expect(histograms.filter(({ name }) => !/_(?:seconds|transactions)$/.test(name))).toEqual([]);
    // The runtime's own histogram has no series before the first garbage collection.
    const own = histograms.filter(({ name }) => name.startsWith('tollgate_'));
    expect(own).not.toEqual([]);
    for (const { name } of own) expectCumulative(name, samples);
  });

  it('count requests by route and status, and have no label from a caller’s input', async () => {
    const before = await scraped();
    const unrouted = ({ samples }: Exposition): number =>
      samples.filter(({ labels }) => labels['route']?.endsWith('*')).length;
    for (let i = 0; i < 20; i += 1) {
      await call(`${gateway.url}/v3/external-${i}/status?paymentId=p`, 'GET', undefined, headers);
      await call(`${gateway.url}/nowhere/${i}`, 'GET', undefined, headers);
      await call(`${gateway.url}/v3/acme/status?paymentId=p-${i}`, 'GET', undefined, {
        ...headers,
        'x-request-id': `id-${i}`,
      });
    }
    const after = await scraped();
    expect(unrouted(after)).toBeGreaterThan(0);
    expect(unrouted(after) - unrouted(before)).toBeLessThanOrEqual(40);
    expect(
      after.value('tollgate_http_requests_total', { route: '/v3/:external/status', status: '200' }),
    ).toBe(20);
    expect(after.value('tollgate_problems_total', { code: 'external-not-found' })).toBe(20);
    expect(JSON.stringify(after.samples)).not.toMatch(/external-\d|nowhere|p-1|id-1/);
  });

  it('measure calls and the overhead of the gateway', async () => {
    const read = async (): Promise<number[]> => {
      const families = await scraped();
      return ['tollgate_gateway_overhead_seconds_sum', 'tollgate_external_call_duration_seconds_sum'].map(
        (name) => families.value(name, { operation: 'refund' }) ?? 0,
      );
    };
    external.behave(async () => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return { result: 'OK' };
    });
    const [overheadBefore, callBefore] = await read();
    await call(
      `${gateway.url}/v3/acme/refund`,
      'POST',
      { amount: 1, currency: 'EUR', paymentId: 'of-before' },
      headers,
    );
    const [overhead, duration] = await read();
    expect(duration! - callBefore!).toBeGreaterThanOrEqual(0.115);
    expect(overhead! - overheadBefore!).toBeGreaterThan(0);
    expect(overhead! - overheadBefore!).toBeLessThan(0.1);
  });

  it('count the ends of calls and the changes of state', async () => {
    external.behave(() => ({ result: 'KO', paymentId: `ko-${count}` }));
    await pay();
    external.behave((_, response) => answerJson(response, 500, {}));
    await call(
      `${gateway.url}/v3/other/pay`,
      'POST',
      { amount: 1, currency: 'EUR', shopTransactionId: 'lost' },
      headers,
    );
    const families = await scraped();
    const calls = 'tollgate_external_calls_total';
    expect(families.value(calls, { external: 'other', outcome: 'unknown', reason: 'server-error' })).toBe(1);
    const changes = 'tollgate_state_changes_total';
    expect(families.value(changes, { external: 'acme', from: 'CREATED', to: 'FAILED', source: 'call' })).toBe(
      1,
    );
    expect(families.value(changes, { external: 'other', subject: 'payment', to: 'UNKNOWN' })).toBe(1);
    await until(
      async () => (await scraped()).value('tollgate_payments_unknown', { external: 'other' }) === 1,
      'the gauge of unknown payments',
    );
  });

  it('measure notifications: attempts, delay and waiting', async () => {
    receiver.answers(500, 200);
    await call(`${gateway.url}/v3/acme/check?paymentId=to-be-notified`, 'GET', undefined, headers);
    const attempts = 'tollgate_notification_attempts_total';
    await until(async () => (await scraped()).value(attempts, { result: 'delivered' }) === 1, 'the delivery');
    const families = await scraped();
    expect(families.value(attempts, { result: 'retry' })).toBe(1);
    expect(families.value('tollgate_notification_delay_seconds_count')).toBe(1);

    receiver.answers(410);
    await call(`${gateway.url}/v3/acme/check?paymentId=never-to-be-notified`, 'GET', undefined, headers);
    await until(
      async () => (await scraped()).value('tollgate_notifications_dead') === 1,
      'the gauge of dead notifications',
    );
    expect((await scraped()).value('tollgate_notifications_waiting')).toBe(0);
  });

  it('count forged callbacks and refused callers', async () => {
    await call(`${gateway.url}/v3/acme/callback?paymentId=p`, 'POST', {}, { authorization: 'Bearer forged' });
    await call(`${gateway.url}/v3/nobody/callback?paymentId=p`, 'POST', {});
    await call(`${gateway.url}/v3/acme/status?paymentId=p`, 'GET');
    const families = await scraped();
    const refused = 'tollgate_callbacks_refused_total';
    expect(families.value(refused, { external: 'acme', reason: 'credentials' })).toBe(1);
    expect(families.value(refused, { external: 'none', reason: 'unknown-external' })).toBe(1);
    expect(families.value('tollgate_callers_refused_total', { reason: 'no-credentials' })).toBe(1);
  });

  it('show an open circuit breaker and the use of the concurrency limit', async () => {
    let waiting = 0;
    external.behave(() => {
      waiting += 1;
      return new Promise(() => {});
    });
    const payments = [pay(), pay(), pay()];
    await until(() => waiting === 3, 'three calls in flight');
    const during = await scraped();
    expect(during.value('tollgate_external_calls_in_flight', { external: 'acme' })).toBe(3);
    expect(during.value('tollgate_external_concurrency_limit', { external: 'acme' })).toBe(50);
    await Promise.all(payments);
    const after = await scraped();
    const state = (name: string): number | undefined =>
      after.value('tollgate_external_circuit_state', { external: 'acme', state: name });
    expect([state('closed'), state('half-open'), state('open')]).toEqual([0, 0, 1]);
    expect(after.value('tollgate_external_circuit_changes_total', { external: 'acme', state: 'open' })).toBe(
      1,
    );
    await pay();
    expect(
      (await scraped()).value('tollgate_external_calls_total', { external: 'acme', reason: 'circuit-open' }),
    ).toBe(1);
  });

  it('show commits, the process and the build', async () => {
    const families = await scraped();
    expect(families.value('tollgate_database_commit_duration_seconds_count')).toBeGreaterThan(0);
    expect(families.value('tollgate_database_commit_transactions_sum')).toBeGreaterThan(0);
    expect(families.value('tollgate_database_up')).toBe(1);
    expect(families.value('tollgate_event_loop_lag_seconds', { stat: 'p99' })).toBeGreaterThanOrEqual(0);
    expect(families.value('process_resident_memory_bytes')).toBeGreaterThan(1e6);
    expect(families.value('process_cpu_seconds_total')).toBeGreaterThan(0);
    expect(families.value('tollgate_build_info', { node: process.versions.node })).toBe(1);
  });

  it('contain no secret, and neither does health', async () => {
    const text = [
      (await call(`${gateway.url}/metrics`, 'GET', undefined, headers)).text,
      (await call(`${gateway.url}/health/ready`, 'GET', undefined, headers)).text,
    ].join('\n');
    expect(text).toContain('tollgate_external_call_duration_seconds_bucket{');
    expect(text).toContain('"acme"');
    for (const secret of [KEY, TOKEN, SECRET, 'callback-token', external.url, receiver.url]) {
      expect(text).not.toContain(secret);
    }
  });
});

/** Buckets are cumulative, and the last one has all. */
function expectCumulative(name: string, samples: readonly Sample[]): void {
  const series = Map.groupBy(
    samples.filter((sample) => sample.name === `${name}_bucket`),
    ({ labels }) => keyOf(name, { ...labels, le: 'any' }),
  );
  expect([name, series.size > 0]).toEqual([name, true]);
  for (const [key, buckets] of series) {
    const counts = buckets.toSorted((a, b) => bound(a) - bound(b)).map(({ value }) => value);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
    const count = samples.find(
      (sample) => sample.name === `${name}_count` && keyOf(name, { ...sample.labels, le: 'any' }) === key,
    );
    expect([key, counts.at(-1)]).toEqual([key, count?.value]);
  }
}

function bound({ labels: { le } }: Sample): number {
  return le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le);
}

/** A series: its name, and its labels in any order. */
function keyOf(name: string, labels: Sample['labels']): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}=${value}`);
  return `${name} ${pairs.toSorted((a, b) => a.localeCompare(b)).join()}`;
}
