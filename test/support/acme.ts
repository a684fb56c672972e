import { afterEach, beforeEach } from '@jest/globals';
import { type Answer, call } from './client.js';
import { type Gateway, type GatewayOptions, startGateway } from './gateway.js';
import { startStubExternal, type StubExternal } from './stub-external.js';
import { TestClock } from './test-clock.js';

/** The external `acme`, whose behaviour a test decides, and the gateways before it; new for each test. */
export interface Acme {
  readonly external: StubExternal;
  readonly clock: TestClock;
  /** A gateway that is closed after the test. `config`: more members of its entry in the externals file. */
  start(options?: Partial<GatewayOptions>, config?: object): Promise<Gateway>;
}

/** To be called in a `describe`, or at the top of a file. */
export function useAcme(): Acme {
  let external: StubExternal;
  let clock: TestClock;
  const gateways: Gateway[] = [];

  beforeEach(async () => {
    external = await startStubExternal();
    clock = new TestClock();
  });
  afterEach(async () => {
    // A later one may use the database of an earlier one.
    for (const gateway of gateways.splice(0).toReversed()) await gateway.close();
    await external.close();
  });

  return {
    get external() {
      return external;
    },
    get clock() {
      return clock;
    },
    async start(options = {}, config = {}) {
      const entry = { externalService: 'acme', baseUrl: external.url, timeoutMs: 2_000, ...config };
      const gateway = await startGateway({ externals: [entry], ...options });
      gateways.push(gateway);
      return gateway;
    },
  };
}

/** The body of a payment of 12.99 EUR. */
export function payment(shopTransactionId: string, more: object = {}): object {
  return { amount: 1_299, currency: 'EUR', shopTransactionId, ...more };
}

/** How an answer is told in short: status, code, outcome. */
export function told({ status, body }: Answer): unknown[] {
  return [status, body['code'], body['outcome']];
}

/** A payment, refund, … at `acme`. */
export function post(
  { url }: Gateway,
  operation: string,
  request: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  return call(`${url}/v3/acme/${operation}`, 'POST', request, headers);
}

/** The key of an operator, with {@link WATCHED}. */
export const ADMIN = { 'x-api-key': 'admin-key-of-the-stories' };

/** Environment of a gateway that an operator may look into, and that soon queries what is open. */
export const WATCHED = {
  API_KEYS: `ops:${ADMIN['x-api-key']}:admin`,
  API_AUTH: 'optional',
  RECONCILIATION_SCHEDULE: '50ms,50ms,50ms,1h',
};

/** The items of a list of `/admin`. */
export async function adminItems({ url }: Gateway, path: string): Promise<Record<string, unknown>[]> {
  return (await call(`${url}/admin/${path}`, 'GET', undefined, ADMIN)).body['items'] as never;
}

/** Order, state and id of each payment, in the order of their texts. */
export async function paymentStates(gateway: Gateway): Promise<unknown[]> {
  return (await adminItems(gateway, 'payments'))
    .map(({ shopTransactionId, state, paymentId }) => [shopTransactionId, state, paymentId])
    .toSorted(byText);
}

export function byText(a: unknown, b: unknown): number {
  return String(a).localeCompare(String(b));
}
