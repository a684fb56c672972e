import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { AUDIENCE, type Issuer, startIssuer } from '../support/issuer.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';

/** What operators did: who, what, from where, when and why (SPEC §10). */

type Entry = Record<string, unknown>;

const KEYS = 'shop:shop-secret-11,boss:boss-secret-22:admin,reader:reader-secret-33:admin-read';

let external: StubExternal;
let issuer: Issuer;
let gateway: Gateway;
let count = 0;

beforeAll(async () => {
  [external, issuer] = await Promise.all([startStubExternal(), startIssuer()]);
  gateway = await startGateway({
    externals: [
      {
        externalService: 'acme',
        baseUrl: external.url,
        circuitBreaker: { failures: 1_000 },
        operations: { cancel: true },
      },
    ],
    env: {
      API_AUTH: 'required',
      API_KEYS: KEYS,
      OIDC_ISSUER: issuer.url,
      OIDC_AUDIENCE: AUDIENCE,
      TRUST_PROXY: '127.0.0.1',
    },
  });
});
afterAll(async () => {
  await gateway.close();
  await Promise.all([external.close(), issuer.close()]);
});

const BOSS = { 'x-api-key': 'boss-secret-22' };
const READER = { 'x-api-key': 'reader-secret-33' };
const post = (path: string, body: object | undefined, headers: Record<string, string>): Promise<Answer> =>
  call(`${gateway.url}/admin/${path}`, 'POST', body, headers);
const listed = async (query = ''): Promise<Entry[]> => {
  const { status, body } = await call(`${gateway.url}/admin/audit${query}`, 'GET', undefined, READER);
  expect(status).toBe(200);
  return body['items'] as Entry[];
};

/** The id of a payment, which the external accepts, decides later, or leaves unknown. */
async function payment(outcome: 'ACCEPTED' | 'PENDING' | 'UNKNOWN'): Promise<string> {
  if (outcome === 'UNKNOWN') external.behave((_, response) => answerJson(response, 503, {}));
  const shopTransactionId = `audited-${(count += 1)}`;
  if (outcome === 'PENDING')
    external.behave(() => ({ result: 'PENDING', paymentId: `pm-${shopTransactionId}` }));
  const body = { amount: 700, currency: 'EUR', shopTransactionId };
  await call(`${gateway.url}/v3/acme/pay`, 'POST', body, { 'x-api-key': 'shop-secret-11' });
  external.behave(answerOk);
  const found = await call(
    `${gateway.url}/admin/payments?shopTransactionId=${shopTransactionId}`,
    'GET',
    undefined,
    BOSS,
  );
  return String((found.body['items'] as Entry[])[0]!['id']);
}

describe('the audit', () => {
  it('has a resolution with the name of the token, the address behind the proxy, and the reason', async () => {
    const id = await payment('UNKNOWN');
    const token = await issuer.sign({ sub: 'jane', scope: 'admin-settle' });
    const answer = await post(
      `payments/${id}/resolve`,
      { status: 'ACCEPTED', reason: 'ticket 4711', paymentId: `pm-${id}` },
      {
        authorization: `Bearer ${token}`,
        'x-forwarded-for': '198.51.100.66, 203.0.113.9',
        'x-request-id': 'audit-1',
      },
    );
    expect(answer.status).toBe(200);
    const [entry, ...others] = await listed(`?subject=${id}`);
    expect(others).toEqual([]);
    expect(entry).toMatchObject({
      operator: 'oidc:jane',
      action: 'resolvePayment',
      result: 'done',
      subject: id,
      external: 'acme',
      change: 'UNKNOWN → ACCEPTED',
      reason: 'ticket 4711',
      address: '203.0.113.9',
      requestId: 'audit-1',
    });
    expect(Date.now() - Date.parse(String(entry!['at']))).toBeLessThan(60_000);
  });

  it('has checks and replays, also those that the external fails', async () => {
    const id = await payment('ACCEPTED');
    external.behave((_, response) => answerJson(response, 503, {}));
    expect((await post(`payments/${id}/check`, undefined, BOSS)).status).toBe(502);
    external.behave(answerOk);
    const by = { operator: 'boss', action: 'checkPaymentById' };
    const [failed, begun, ...others] = await listed(`?subject=${id}`);
    expect([failed, begun, others]).toMatchObject([
      { ...by, result: 'failed', change: 'provider-error' },
      { ...by, result: 'begun' },
      [],
    ]);
    expect(failed!['requestId']).toBe(begun!['requestId']);
    expect((await post(`payments/${id}/check`, undefined, BOSS)).status).toBe(200);
    expect(await listed(`?subject=${id}&result=done`)).toMatchObject([
      { ...by, change: 'ACCEPTED → ACCEPTED' },
    ]);
  });

  it.each([
    ['cancels', { result: 'OK' }, { result: 'done', change: 'OK' }],
    ['declines to cancel', { result: 'KO' }, { result: 'failed', change: 'KO' }],
    ['cancels later', { result: 'PENDING' }, { result: 'begun', change: 'PENDING' }],
    ['does not answer about', undefined, { result: 'unknown', change: 'provider-error' }],
  ])('says what came of the cancellation of a payment that the external %s', async (_what, answer, ended) => {
    const id = await payment('PENDING');
    external.behave((_, response) => answer ?? answerJson(response, 500, {}));
    await post(`payments/${id}/cancel`, { reason: 'ticket 4711' }, { ...BOSS, 'idempotency-key': id });
    external.behave(answerOk);
    const by = { operator: 'boss', action: 'cancelPaymentById', reason: 'ticket 4711' };
    expect(await listed(`?subject=${id}`)).toMatchObject([
      { ...by, ...ended },
      { ...by, result: 'begun' },
    ]);
  });

  it('says that a cancellation was refused', async () => {
    const id = await payment('ACCEPTED');
    const headers = { ...BOSS, 'idempotency-key': id };
    const refused = await post(`payments/${id}/cancel`, { reason: 'ticket 4711' }, headers);
    expect([refused.status, refused.body['code']]).toEqual([409, 'payment-not-pending']);
    expect(await listed(`?subject=${id}&result=done`)).toEqual([]);
    expect(await listed(`?subject=${id}`)).toMatchObject([
      { result: 'failed', change: 'payment-not-pending', reason: 'ticket 4711' },
      { result: 'begun' },
    ]);
  });

  it('has no act that was not performed, and does not take a name from the request', async () => {
    const id = await payment('ACCEPTED');
    const body = { status: 'FAILED', reason: 'x' };
    const spoofed = { ...BOSS, 'x-operator': 'jane', 'x-forwarded-user': 'jane', forwarded: 'for=192.0.2.1' };
    expect((await post(`payments/${id}/resolve`, body, spoofed)).status).toBe(409);
    expect((await post(`payments/${id}/resolve`, { ...body, operator: 'jane' }, spoofed)).status).toBe(400);
    expect(await listed(`?subject=${id}`)).toEqual([]);
    expect((await post(`payments/${id}/check`, undefined, spoofed)).status).toBe(200);
    expect(await listed(`?subject=${id}&result=begun`)).toMatchObject([
      { operator: 'boss', address: '127.0.0.1' },
    ]);
  });

  it('has acts that an operator’s scopes do not permit, and nothing of callers that are none', async () => {
    const id = await payment('UNKNOWN');
    const body = { status: 'FAILED', reason: 'x' };
    expect((await post(`payments/${id}/resolve`, body, READER)).status).toBe(403);
    expect((await post(`payments/${id}/resolve`, body, { 'x-api-key': 'shop-secret-11' })).status).toBe(403);
    expect((await post(`payments/${id}/resolve`, body, { 'x-api-key': 'guess' })).status).toBe(401);
    const refused = await listed(`?subject=${id}`);
    expect(refused).toMatchObject([{ operator: 'reader', action: 'resolvePayment', result: 'refused' }]);
    expect(refused[0]).not.toHaveProperty('reason');
    expect(await listed('?result=refused&operator=reader')).toMatchObject([{ subject: id }]);
  });

  it('is paged, and CSV on request', async () => {
    const first = await call(`${gateway.url}/admin/audit?limit=2`, 'GET', undefined, READER);
    const second = await call(
      `${gateway.url}/admin/audit?limit=2&cursor=${String(first.body['nextCursor'])}`,
      'GET',
      undefined,
      READER,
    );
    const ids = [first, second].flatMap(({ body }) => (body['items'] as Entry[]).map(({ id }) => id));
    expect(new Set(ids).size).toBe(4);
    const csv = await call(`${gateway.url}/admin/audit?operator=oidc:jane`, 'GET', undefined, {
      ...READER,
      accept: 'text/csv',
    });
    expect(csv.headers.get('content-disposition')).toBe('attachment; filename="audit.csv"');
    expect(csv.text.split('\r\n')[0]).toBe(
      'id,at,operator,action,result,subject,external,change,reason,address,requestId',
    );
    expect(csv.text.split('\r\n')[1]).toContain('ticket 4711');
  });

  it('cannot be written or deleted through the API', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const { status } = await call(`${gateway.url}/admin/audit`, method, undefined, BOSS);
      expect([method, status]).toEqual([method, 405]);
    }
  });
});
