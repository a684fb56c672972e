import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROBLEM_CATALOGUE } from '../../src/http/problem-catalogue.js';
import type { ProblemCode } from '../../src/problems/problem.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { oddBytes, oddRequest } from '../support/odd-requests.js';
import { type RawAnswer, RawClient, type RawRequest } from '../support/raw-client.js';
import { exchangeAll } from '../support/raw-socket.js';
import { routesOf } from '../support/routes.js';
import { startStubExternal, type StubExternal } from '../support/stub-external.js';

/**
 * For any request, the answer is never a 500, and every error is a problem document (SPEC §3).
 * `FUZZ_INPUTS=20000` runs more inputs, `FUZZ_SEED` others.
 */
const INPUTS = Number(process.env['FUZZ_INPUTS'] ?? 4_000);
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_115);
/** Concurrently, to save time. */
const BATCH = 20;
const LIMIT_MS = 10 * 60_000;
const MEGABYTE = 1_048_576;

let external: StubExternal;
let gateway: Gateway;
let client: RawClient;

beforeAll(async () => {
  external = await startStubExternal();
  gateway = await startGateway({
    externals: [{ externalService: 'acme', baseUrl: external.url, duplicatePayments: 'allow' }],
    env: {
      API_AUTH: 'optional',
      API_KEYS: 'boss:boss-secret:payments+refunds+subscriptions+read+admin',
      TRUST_PROXY: '1', // each request comes from an address of its own: wrong keys from one address are slowed
    },
  });
  client = new RawClient(gateway.url);
});
afterAll(async () => {
  client.close();
  await gateway.close();
  await external.close();
});

/** The error of an answer, or undefined. */
function fault(status: number, type: unknown, text: string): string | undefined {
  if (status >= 100 && status < 400) return undefined;
  if (status === 500) return `500: ${text}`;
  if (type !== 'application/problem+json; charset=utf-8') return `${status} of type ${String(type)}: ${text}`;
  if (text === '') return undefined;
  const { code, status: told, type: page, requestId } = JSON.parse(text) as Record<string, unknown>;
  const known = typeof code === 'string' && Object.hasOwn(PROBLEM_CATALOGUE, code);
  if (!known || PROBLEM_CATALOGUE[code as ProblemCode].status !== status || told !== status)
    return `${status}: ${text}`;
  if (page !== `/problems/${code}` || typeof requestId !== 'string') return `${status}: ${text}`;
  return undefined;
}

let addresses = 0;

function fromAnotherAddress(request: RawRequest): RawRequest {
  addresses += 1;
  const address = `10.${addresses >> 16}.${(addresses >> 8) & 255}.${addresses & 255}`;
  return { ...request, headers: [...(request.headers ?? []), 'X-Forwarded-For', address] };
}

function faultOf({ method }: RawRequest, answer: RawAnswer): string | undefined {
  if (answer.text === '' && method !== 'HEAD' && answer.status >= 400)
    return `${answer.status} without a body`;
  return fault(answer.status, answer.headers['content-type'], answer.text);
}

/** After garbage collection: `gc` is available without a flag for the process. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

it(
  `answers ${INPUTS} odd requests to all routes correctly, and retains no memory`,
  async () => {
    const statuses = new Map<number, number>();
    const heap: number[] = [];
    let sent = 0;
    const batches = fc.array(oddRequest(routesOf(gateway), 'boss-secret'), {
      minLength: BATCH,
      maxLength: BATCH,
    });
    const property = fc.asyncProperty(batches, async (requests) => {
      await Promise.all(
        requests.map(async (request) => {
          const answer = await client.send(fromAnotherAddress(request));
          statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
          expect([faultOf(request, answer), request]).toEqual([undefined, request]);
        }),
      );
      external.requests.length = 0;
      if (Math.floor((sent * 4) / INPUTS) !== Math.floor(((sent += BATCH) * 4) / INPUTS))
        heap.push(heapBytes());
    });
    await fc.assert(property, { seed: SEED, numRuns: Math.ceil(INPUTS / BATCH), endOnFailure: false });

    // Some requests reached the external, and each kind of refusal occurred.
    for (const status of [200, 400, 401, 404, 405, 413, 415]) {
      expect([status, (statuses.get(status) ?? 0) > 0]).toEqual([status, true]);
    }
    expect((heap.at(-1)! - heap[0]!) / MEGABYTE).toBeLessThan(24);
    if (process.env['FUZZ_INPUTS'])
      console.log(
        Object.fromEntries(statuses),
        heap.map((bytes) => bytes / MEGABYTE),
      );
  },
  LIMIT_MS,
);

it(
  `answers malformed HTTP with a problem document or closes the connection`,
  async () => {
    const answered = new Map<number, number>();
    const batches = fc.array(oddBytes, { minLength: BATCH, maxLength: BATCH });
    const property = fc.asyncProperty(batches, async (requests) => {
      await Promise.all(
        requests.map(async (bytes) => {
          for (const { status, head, body } of await exchangeAll(gateway.url, bytes)) {
            answered.set(status, (answered.get(status) ?? 0) + 1);
            const type = /^content-type: (.*)$/im.exec(head)?.[1];
            expect([fault(status, type, body), bytes.toString('latin1')]).toEqual([
              undefined,
              bytes.toString('latin1'),
            ]);
          }
        }),
      );
    });
    await fc.assert(property, { seed: SEED, numRuns: Math.ceil(INPUTS / BATCH / 10) });
    // No answer is the exception.
    expect(answered.get(400)).toBeGreaterThan(0);
  },
  LIMIT_MS,
);
