import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.js';
import { call } from '../support/client.js';
import { until } from '../support/until.js';

/** The first output for a new user, executed as they would do it. */
describe('The greeting', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'tollgate-first-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const started = async (work: (gateway: GatewayProcess) => Promise<void>): Promise<void> => {
    const gateway = await startGatewayProcess({
      env: { DATABASE_URL: `sqlite:${join(folder, 'tollgate.db')}` },
    });
    try {
      await until(() => gateway.output().includes('curl'), 'the greeting');
      await work(gateway);
    } finally {
      await gateway.dispose();
    }
  };

  const printed = (gateway: GatewayProcess, pattern: RegExp): string =>
    pattern.exec(gateway.output())?.[1] ?? '';

  it.each([
    ['first', 1],
    ['second', 2],
  ])('prints a payment that works, also at the %s start on one database', async (_start, payments) => {
    await started(async (gateway) => {
      const url = printed(gateway, /curl -s (\S+)/).replace('localhost', '127.0.0.1');
      const answer = await call(url, 'POST', JSON.parse(printed(gateway, /-d '(.+)'/)) as object);
      expect([answer.status, answer.body['result']]).toEqual([200, 'OK']);
      const book = await call(`${printed(gateway, /notified of: (\S+)/)}book`, 'GET');
      // The simulator remembers beside the ledger.
      expect(book.body['payments']).toHaveLength(payments);
      expect(book.body['payments']).toContainEqual(
        expect.objectContaining({ paymentId: answer.body['paymentId'] }),
      );
    });
  });
});
