/**
 * Sends requests of all kinds through Prism, which compares each answer of the built program with docs/openapi.json.
 * Exits with code 1 where one differs, with 75 where Prism cannot be fetched.
 *
 * usage: node scripts/validating-proxy.js [rounds]      default: 1, about 160 answers
 * Broken JSON is not among the requests: Prism cannot forward it.
 */
import { randomUUID } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withGateway, withPackages, withProgram } from './fetched-packages.js';

const PRISM = '@stoplight/prism-cli@5.16.0';
const ANSWER_LIMIT_MS = 30_000;
const SECRET = `validating-proxy-${randomUUID()}`;
const rounds = Number(process.argv[2] ?? 1);

const answers = new Map();
const differences = [];

/** A caller whose answers Prism has compared: in `sl-violations`, it reports how they differ. */
function callerOf(proxy) {
  return async (method, path, body, headers = {}) => {
    const sent = JSON.stringify(body);
    const response = await fetch(new URL(path, proxy), {
      method,
      headers: {
        'X-Api-Key': SECRET,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: sent }),
      signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
    });
    const text = await response.text();
    const kind = `${response.status} ${method} ${path.replace(/\?.*/, '')}`;
    answers.set(response.status, (answers.get(response.status) ?? 0) + 1);
    const violations = JSON.parse(response.headers.get('sl-violations') ?? '[]');
    if (violations.length > 0) differences.push({ kind, violations, text: text.slice(0, 500) });
    return text.startsWith('{') ? JSON.parse(text) : {};
  };
}

const amount = { amount: 1299, currency: 'EUR' };
const subscriptionInfo = { interval: 'MONTH', intervalCount: 1 };
const order = (fields) => ({ ...amount, shopTransactionId: randomUUID(), ...fields });
const scenario = (name, fields) => order({ providerData: { scenario: name, ...fields } });
const WAITS = { delayMs: 3_600_000 };
const SCENARIOS = ['ok', 'ko', 'pending', 'redirect', 'malformed', 'error', 'not-supported', 'late-success'];

/** @param isFirst wrong keys are sent only then: the gateway holds off a caller who guesses */
async function round(call, isFirst) {
  const post = (path, body, headers) => call('POST', path, body, headers);
  const get = (path) => call('GET', path);

  let { paymentId } = await post('/v3/simulator/pay', order());
  // The errors of the last round have opened the circuit.
  while (paymentId === undefined) {
    await sleep(1_000);
    ({ paymentId } = await post('/v3/simulator/pay', order()));
  }
  for (const path of ['pay', 'pay-by-link', 'subscription/schedule', 'subscription/start']) {
    const info = path.startsWith('subscription') ? { subscriptionInfo } : {};
    for (const name of SCENARIOS) await post(`/v3/simulator/${path}`, { ...scenario(name), ...info });
    await post(`/v3/simulator/${path}`, { ...order(info), amount: 'much' });
    await post(`/v3/nobody/${path}`, order(info));
    await post(`/v3/simulator/${path}`, order(info), { 'Content-Type': 'text/plain' });
    if (isFirst) await post(`/v3/simulator/${path}`, order(info), { 'X-Api-Key': 'wrong' });
  }
  const key = { 'Idempotency-Key': randomUUID() };
  const twice = order();
  await post('/v3/simulator/pay', twice, key);
  await post('/v3/simulator/pay', twice, key);
  await post('/v3/simulator/pay', order(), key);
  await post('/v3/simulator/pay', twice);
  await post('/v3/simulator/pay', order({ resultUrl: 'x'.repeat(140_000) }));

  for (const path of ['status', 'check']) {
    await get(`/v3/simulator/${path}?paymentId=${paymentId}`);
    await get(`/v3/simulator/${path}?shopTransactionId=${twice.shopTransactionId}`);
    await get(`/v3/simulator/${path}?paymentId=nobody`);
    await get(`/v3/simulator/${path}`);
  }

  const refund = { ...amount, amount: 100, paymentId };
  const { refundId } = await post('/v3/simulator/refund', refund);
  await post('/v3/simulator/refund', refund);
  await post('/v3/simulator/refund', { ...refund, amount: 99_999 });
  await post('/v3/simulator/refund', { ...refund, paymentId: 'nobody' });
  await post('/v3/simulator/refund', { ...refund, providerData: { scenario: 'refund-pending' } });
  await get(`/v3/simulator/refund/status?refundId=${refundId}`);
  await get('/v3/simulator/refund/status?refundId=nobody');
  await get('/v3/simulator/refund/status');

  const waiting = await post('/v3/simulator/pay', scenario('pending', WAITS));
  await post('/v3/simulator/cancel', { paymentId: waiting.paymentId });
  await post('/v3/simulator/cancel', { paymentId });
  await post('/v3/simulator/cancel', { paymentId: 'nobody' });

  const started = await post('/v3/simulator/subscription/start', order({ subscriptionInfo }));
  const { subscriptionToken: token } = started;
  await post('/v3/simulator/subscription/pay', order({ subscriptionInfo: { token } }));
  await post('/v3/simulator/subscription/pay', order({ subscriptionInfo: { token: 'nobody' } }));
  for (const each of [token, 'nobody']) {
    await post(`/v3/simulator/subscription/update/${each}`, amount);
    await get(`/v3/simulator/subscription/status/${each}`);
  }
  await post(`/v3/simulator/subscription/update/${token}`, {});
  for (const each of [token, token, 'nobody']) {
    await call('DELETE', `/v3/simulator/subscription/expire/${each}`);
  }

  await get(`/v3/simulator/callback?paymentId=${paymentId}`);
  await post('/v3/simulator/callback', { paymentId, more: true });
  await post('/v3/simulator/callback', {});

  const lists = ['attention', 'audit', 'callbacks', 'externals', 'notifications', 'operations', 'payments'];
  for (const list of [...lists, 'refunds', 'subscriptions']) {
    const { nextCursor } = await get(`/admin/${list}?limit=1`);
    await get(`/admin/${list}?limit=200`);
    if (nextCursor) await get(`/admin/${list}?limit=1&cursor=${encodeURIComponent(nextCursor)}`);
    await get(`/admin/${list}?limit=no`);
    if (isFirst) await call('GET', `/admin/${list}`, undefined, { 'X-Api-Key': 'wrong' });
  }
  for (const path of ['me', 'summary', 'feed?limit=2', 'feed?after=no', `search?q=${paymentId}`, 'search'])
    await get(`/admin/${path}`);
  const payment = (await get(`/admin/payments?paymentId=${paymentId}`)).items[0];
  await get(`/admin/payments/${payment.id}`);
  await get(`/admin/payments/${payment.id.replace(/.{12}$/, '0'.repeat(12))}`);
  await get('/admin/payments/no-id');
  await post(`/admin/payments/${payment.id}/check`, { reason: 'a look' });
  await post(`/admin/payments/${payment.id}/refund`, { ...amount, amount: 1, reason: 'goodwill' }, key);
  await post(`/admin/payments/${payment.id}/refund`, { ...amount, amount: 1, reason: 'goodwill' });
  await post(
    `/admin/payments/${payment.id}/cancel`,
    { reason: 'not wanted' },
    { 'Idempotency-Key': randomUUID() },
  );
  for (const { id, state } of (await get('/admin/payments?state=UNKNOWN')).items.slice(0, 2)) {
    await post(`/admin/payments/${id}/resolve`, { status: 'ACCEPTED', reason: state });
    await post(`/admin/payments/${id}/resolve`, { status: 'ACCEPTED', reason: state, paymentId: null });
    await post(`/admin/payments/${id}/resolve`, { status: 'FAILED', reason: state });
  }
  for (const list of ['refunds', 'subscriptions', 'operations']) {
    const { items } = await get(`/admin/${list}?limit=1`);
    const resolution =
      list === 'operations' ? { outcome: 'executed' } : { status: list === 'refunds' ? 'OK' : 'ACTIVE' };
    await post(`/admin/${list}/${items[0].id}/resolve`, { ...resolution, reason: 'seen' });
  }
  const notification = (await get('/admin/notifications?limit=1')).items[0];
  await post(`/admin/notifications/${notification.id}/replay`);
  await post('/admin/notifications/replay', {});

  for (const path of ['/health/live', '/health/ready', '/metrics']) await get(path);
}

await withPackages([PRISM], async (folder) => {
  // Prism restarts when its document is written.
  const document = join(folder, 'openapi.json');
  copyFileSync('docs/openapi.json', document);
  const settings = {
    API_KEYS: `validator:${SECRET}:payments+refunds+subscriptions+read+admin`,
    LOG_LEVEL: 'error',
    HTTP_LOG_LEVEL: 'none',
  };
  await withGateway(async (gateway) => {
    const bin = join(folder, 'node_modules/@stoplight/prism-cli/dist/index.js');
    const proxy = [bin, 'proxy', document, gateway, '--port', '0', '--validate-request=false'];
    await withProgram(
      [process.execPath, ...proxy],
      {},
      /listening on http:\/\/127\.0\.0\.1:(\d+)/,
      async (url) => {
        for (let done = 0; done < rounds; done++) await round(callerOf(url), done === 0);
      },
    );
  }, settings);
  const count = [...answers.values()].reduce((sum, each) => sum + each, 0);
  const statuses = [...answers].toSorted(([a], [b]) => a - b).map(([status, times]) => `${status}: ${times}`);
  console.log(
    `${count} answers (${statuses.join(', ')}), ${differences.length} differ from docs/openapi.json`,
  );
  for (const difference of differences) console.log(JSON.stringify(difference, undefined, 2));
  if (differences.length > 0 || count === 0) throw new Error('answers differ from docs/openapi.json');
});
