import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Store, type Trx } from '../../src/persistence/store.js';
import { ExternalsReloader } from '../../src/providers/externals.reloader.js';
import { type Answer, call } from '../support/client.js';
import { type Gateway, startGateway } from '../support/gateway.js';
import { answerJson, answerOk, startStubExternal, type StubExternal } from '../support/stub-external.js';

/** What the gateway adds to the time limit of the external before it abandons an operation. */
const COMMIT_MARGIN_MS = 5_000;
const OLD_TIMEOUT_MS = 1_000;
const NEW_TIMEOUT_MS = 60_000;

/** A request resolves its external once: a reload during the request does not change its configuration. */
describe('a reload of the externals file in the middle of a request', () => {
  let before: StubExternal;
  let after: StubExternal;
  let gateway: Gateway;

  beforeEach(async () => {
    [before, after] = await Promise.all([startStubExternal(), startStubExternal()]);
    gateway = await startGateway({
      env: { WORKERS: 'off' },
      externals: [{ externalService: 'acme', baseUrl: before.url, timeoutMs: OLD_TIMEOUT_MS }],
    });
  });
  afterEach(async () => {
    await gateway.close();
    await Promise.all([before.close(), after.close()]);
  });

  const update = (): Promise<Answer> =>
    call(
      `${gateway.url}/v3/acme/subscription/update/tok`,
      'POST',
      { shopTransactionId: 'order-2' },
      { 'idempotency-key': 'k' },
    );
  const expire = (): Promise<Answer> => call(`${gateway.url}/v3/acme/subscription/expire/tok`, 'DELETE');
  const sent = ({ requests }: StubExternal): number =>
    requests.filter(({ method }) => method !== 'GET').length;

  /** The file changes when the next request first uses the database, which is after its external was first resolved. */
  function reloadInTheMiddle(changed: object): () => boolean {
    const store = gateway.app.get(Store);
    const read = store.read.bind(store);
    const transaction = store.transaction.bind(store);
    let reloading: Promise<void> | undefined;
    const reload = (): Promise<void> => {
      writeFileSync(
        gateway.externalsPath!,
        JSON.stringify({ externalServices: [{ externalService: 'acme', ...changed }] }),
      );
      return gateway.app.get(ExternalsReloader).check();
    };
    store.read = async <T>(work: (db: Trx) => Promise<T>): Promise<T> => {
      await (reloading ??= reload());
      return read<T>(work);
    };
    store.transaction = async <T>(work: (trx: Trx) => Promise<T>): Promise<T> => {
      await (reloading ??= reload());
      return transaction<T>(work);
    };
    return () => reloading !== undefined;
  }

  it.each([
    ['update', update],
    ['expire', expire],
  ])('uses one configuration for the call and the time-out of %s', async (_operation, send) => {
    const reloaded = reloadInTheMiddle({ baseUrl: after.url, timeoutMs: NEW_TIMEOUT_MS });
    expect((await send()).status).toBe(200);
    expect(reloaded()).toBe(true);
    const { created_at, deadline_at } = await gateway.app
      .get(Store)
      .read((db) =>
        db.selectFrom('operations').select(['created_at', 'deadline_at']).executeTakeFirstOrThrow(),
      );
    const timeoutMs = deadline_at - created_at - COMMIT_MARGIN_MS;
    expect([
      { before: 1, after: 0, timeoutMs: OLD_TIMEOUT_MS },
      { before: 0, after: 1, timeoutMs: NEW_TIMEOUT_MS },
    ]).toContainEqual({ before: sent(before), after: sent(after), timeoutMs });
  });

  it('resends nothing to an external that honours the key only in the new configuration', async () => {
    before.behave((_, response) => answerJson(response, 500, {}));
    expect((await update()).body['outcome']).toBe('unknown');
    expect(sent(before)).toBe(1);
    before.behave(answerOk);
    const reloaded = reloadInTheMiddle({ baseUrl: after.url, honoursIdempotencyKey: true });
    await update();
    expect(reloaded()).toBe(true);
    expect(sent(before)).toBe(1);
  });
});
