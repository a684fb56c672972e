import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { scrape } from '../support/scrape.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';
import { until } from '../support/until.js';

const OPEN_MS = 700;

describe('a circuit breaker, over HTTP', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let count = 0;
  const pay = (): Promise<Answer> =>
    call(`${gateway.url}/v3/acme/pay`, 'POST', {
      amount: 1,
      currency: 'EUR',
      shopTransactionId: `o-${(count += 1)}`,
    });
  const payOnce = (shopTransactionId: string, name: string): Promise<Answer> =>
    call(`${gateway.url}/v3/${name}/pay`, 'POST', { amount: 1, currency: 'EUR', shopTransactionId });
  const status = (): Promise<Answer> => call(`${gateway.url}/v3/acme/status?paymentId=pm`, 'GET');
  const circuit = async (): Promise<string | undefined> => {
    const state = /tollgate_external_circuit_state\{[^}]*external="acme"[^}]*\} (\d)/;
    return state.exec(await scrape(gateway))?.[1];
  };

  beforeAll(async () => {
    external = await startStubExternal();
    gateway = await startGateway({
      externals: [
        {
          externalService: 'acme',
          baseUrl: external.url,
          circuitBreaker: { failures: 3, windowMs: 10_000, openMs: OPEN_MS },
        },
        ...(['refuse', 'allow'] as const).map((duplicatePayments) => ({
          externalService: duplicatePayments === 'refuse' ? 'refusing' : 'allowing',
          baseUrl: external.url,
          circuitBreaker: { failures: 3, windowMs: 60_000, openMs: 600_000 },
          duplicatePayments,
        })),
      ],
    });
  });
  afterAll(async () => {
    await gateway.close();
    await external.close();
  });

  it('opens after its failures, lets queries through, probes, and closes', async () => {
    expect((await pay()).status).toBe(200);
    const closed = await circuit();

    external.behave((arrived, response) =>
      arrived.method === 'GET' ? answerOk(arrived, response) : answerJson(response, 500, {}),
    );
    for (let failure = 0; failure < 3; failure += 1) expect((await pay()).status).toBe(502);
    external.requests.length = 0;
    const refused = await pay();
    expect([refused.status, refused.body['code'], refused.body['outcome']]).toEqual([
      503,
      'provider-unavailable',
      'not-executed',
    ]);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(await circuit()).not.toBe(closed);
    expect((await status()).status).toBe(200);
    expect(external.requests.map(({ method }) => method)).toEqual(['GET']);

    external.behave(answerOk);
    // The breaker uses the machine's clock.
    await until(async () => (await pay()).status === 200, 'a payment that goes through');
    expect(await circuit()).toBe(closed);
    const answers = await Promise.all([pay(), pay(), pay()]);
    expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200]);
  });

  it('reopens if the probe fails', async () => {
    external.behave((_, response) => answerJson(response, 500, {}));
    for (let failure = 0; failure < 3; failure += 1) await pay();
    await until(async () => (await pay()).status === 502, 'one to be let through');
    expect((await pay()).status).toBe(503);
  });

  it('an order that is paid is a duplicate also while the circuit is open', async () => {
    external.behave(answerOk);
    for (const name of ['refusing', 'allowing']) expect((await payOnce('paid', name)).status).toBe(200);
    external.behave((_, response) => answerJson(response, 500, {}));
    const answered = async (order: string, name: string): Promise<unknown[]> => {
      const { status: code, body } = await payOnce(order, name);
      return [code, body['code'], body['outcome'], body['paymentStatus']];
    };
    const unavailable = [503, 'provider-unavailable', 'not-executed', undefined];
    for (const name of ['refusing', 'allowing']) {
      for (let failure = 0; failure < 3; failure += 1) await payOnce(`failed-${failure}`, name);
      expect(await answered('other', name)).toEqual(unavailable);
    }
    expect(await answered('paid', 'refusing')).toEqual([
      409,
      'duplicate-payment',
      'not-executed',
      'ACCEPTED',
    ]);
    expect(await answered('failed-0', 'refusing')).toEqual([
      409,
      'duplicate-payment',
      'not-executed',
      'UNKNOWN',
    ]);
    expect(await answered('paid', 'allowing')).toEqual(unavailable);
  });
});
