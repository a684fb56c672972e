import { afterEach, describe, expect, it } from '@jest/globals';
import { call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { fetchDocument } from '../support/openapi-document.js';

/** Behind a proxy that shows the gateway under a path of its own (SPEC §6, docs/configuration.md). */

const PAYMENT = { amount: 1299, currency: 'EUR', shopTransactionId: 'order-1' };

let gateway: Gateway | undefined;

afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

/** What the gateway says its addresses are, to a request with the headers. */
async function addresses(headers: Record<string, string>): Promise<Record<string, unknown>> {
  const { url } = gateway!;
  const get = async (path: string, accept = '*/*'): Promise<string> =>
    (await fetch(url + path, { headers: { ...headers, accept } })).text();
  const document = JSON.parse(await get('/documentation/openapi.json')) as { servers: { url: string }[] };
  const landing = JSON.parse(await get('/')) as { links: { documentation: string } };
  const problem = await call(`${url}/v3/simulator/status`, 'GET', undefined, headers);
  return {
    server: document.servers[0]!.url,
    landing: landing.links.documentation,
    page: /href="([^"]*)"/.exec(await get('/', 'text/html'))![1],
    swagger: /<script src="([^"]*?)\/swagger-ui-/.exec(await get('/documentation'))![1],
    problem: problem.body['type'],
    problemPage: /href="([^"]*)"/.exec(await get('/problems/forbidden', 'text/html'))![1],
  };
}

const under = (path: string): object => ({
  server: path || '/',
  landing: `${path}/documentation`,
  page: `${path}/documentation`,
  swagger: `${path}/documentation`,
  problem: `${path}/problems/validation-failed`,
  problemPage: `${path}/problems`,
});

describe('the path of a proxy', () => {
  it('is BASE_PATH for every request, whatever a header says', async () => {
    gateway = await startGateway({ env: { BASE_PATH: '/payments', TRUST_PROXY: 'loopback' } });
    expect(await addresses({})).toEqual(under('/payments'));
    expect(await addresses({ 'x-forwarded-prefix': '/other' })).toEqual(under('/payments'));
  });

  it('is the X-Forwarded-Prefix of a trusted proxy, for each request', async () => {
    gateway = await startGateway({ env: { TRUST_PROXY: 'loopback' } });
    expect(await addresses({})).toEqual(under(''));
    expect(await addresses({ 'x-forwarded-prefix': '/payments' })).toEqual(under('/payments'));
    expect(await addresses({ 'x-forwarded-prefix': '/a/b-2/' })).toEqual(under('/a/b-2'));
    expect(await addresses({ 'x-forwarded-prefix': '/' })).toEqual(under(''));
  });

  it('ignores what is no plain path, also of a trusted proxy', async () => {
    gateway = await startGateway({ env: { TRUST_PROXY: '1' } });
    const hostile = [
      '//evil.example',
      'https://evil.example',
      '/"><script>alert(1)</script>',
      '/a b',
      '/a/../b',
      '/%0d%0aSet-Cookie:x=1',
      '/a, /b',
      '/\\evil.example',
      `/${'a'.repeat(300)}`,
    ];
    for (const prefix of hostile) {
      expect([prefix, await addresses({ 'x-forwarded-prefix': prefix })]).toEqual([prefix, under('')]);
    }
  });

  it('ignores the header of anybody else', async () => {
    gateway = await startGateway({ env: { TRUST_PROXY: '10.0.0.0/8' } });
    expect(await addresses({ 'x-forwarded-prefix': '/payments' })).toEqual(under(''));
    await gateway.close();
    gateway = await startGateway();
    expect(await addresses({ 'x-forwarded-prefix': '/payments' })).toEqual(under(''));
  });

  it('is in the type of a stored problem too, each time as it is asked for', async () => {
    gateway = await startGateway({ env: { TRUST_PROXY: 'loopback' } });
    const body = { ...PAYMENT, providerData: { scenario: 'error-500' } };
    const pay = (prefix: object): Promise<{ body: Record<string, unknown> }> =>
      call(`${gateway!.url}/v3/simulator/pay`, 'POST', body, { 'idempotency-key': 'key-1', ...prefix });
    expect((await pay({ 'x-forwarded-prefix': '/payments' })).body['type']).toBe(
      '/payments/problems/provider-error',
    );
    expect((await pay({})).body['type']).toBe('/problems/provider-error');
  });

  it('leaves the document as it is otherwise', async () => {
    gateway = await startGateway({ env: { BASE_PATH: '/payments' } });
    const { servers, ...rest } = (await fetchDocument(gateway.url)) as unknown as { servers: object };
    await gateway.close();
    gateway = await startGateway();
    expect(servers).toEqual([{ url: '/payments', description: 'This gateway' }]);
    expect(await fetchDocument(gateway.url)).toMatchObject(rest);
  });
});
