import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ApiKeys } from '../../src/security/api-keys.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import {
  type DocumentedOperation,
  fetchDocument,
  type OpenApiDocument,
  operationsOf,
  parametersOf,
  valueOf,
} from '../support/openapi-document.js';

/**
 * Every operation of `/documentation`, from top to bottom, as Swagger UI sends it when a reader does nothing but press
 * Execute: what is prefilled, through the script that the page loads with the bundled simulator.
 */

interface SwaggerRequest {
  url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: string;
}

interface Simulated {
  requestInterceptor(request: SwaggerRequest): Promise<SwaggerRequest>;
}

/**
 * They cannot succeed at the simulator: one is for externals with `compatibility`, one for a restored ledger.
 */
const IMPOSSIBLE = ['expireSubscriptionByPost 405', 'endRecovery 409'];

let gateway: Gateway;
let document: OpenApiDocument;
let simulated: Simulated;

beforeAll(async () => {
  gateway = await startGateway();
  document = await fetchDocument(gateway.url);
  const script = await (await fetch(`${gateway.url}/documentation/simulator.js`)).text();
  const window: { simulated?: (root: URL) => Simulated } = {};
  const page = { createElement: () => ({}), head: { append: () => {} } };
  runInNewContext(script, { window, document: page, crypto, fetch, setTimeout, URL, Uint32Array });
  simulated = window.simulated!(new URL(`${gateway.url}/`));
});
afterAll(async () => {
  await gateway.close();
});

/** What Swagger UI sends: the parameters that have an example, and the first example of the body. */
function prefilled({ path, method, operation }: DocumentedOperation): SwaggerRequest {
  const parameters = parametersOf(document, operation).filter(({ example }) => example !== undefined);
  const of = (place: string): [string, string][] =>
    parameters.flatMap(({ in: where, name, example }) => (where === place ? [[name, String(example)]] : []));
  const filled = of('path').reduce((text, [name, value]) => text.replace(`{${name}}`, value), path);
  const query = new URLSearchParams(of('query')).toString();
  const [example] = Object.values(operation.requestBody?.content['application/json']?.examples ?? {});
  return {
    url: `${gateway.url}${filled}${query && `?${query}`}`,
    method: method.toUpperCase(),
    headers: {
      'X-Api-Key': gateway.app.get(ApiKeys).throwAwayKey!.reveal(),
      ...(example && { 'Content-Type': 'application/json' }),
      ...Object.fromEntries(of('header')),
    },
    ...(example && { body: JSON.stringify(valueOf(document, example), null, 2) }),
  };
}

describe('pressing Execute alone', () => {
  it.each(['the first time', 'a second time'])(
    'succeeds on all operations, %s',
    async () => {
      const failed: string[] = [];
      for (const tag of document.tags) {
        for (const one of operationsOf(document).filter(({ operation }) => operation.tags[0] === tag.name)) {
          const { url, ...request } = await simulated.requestInterceptor(prefilled(one));
          const { status } = await fetch(url, request);
          if (status !== 200) failed.push(`${one.operation.operationId} ${status}`);
        }
      }
      expect(failed).toEqual(IMPOSSIBLE);
    },
    120_000,
  );
});
