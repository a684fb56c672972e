import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import { type Answer, call } from '../support/client.js';
import { fingerprintKey, type Gateway, startGateway } from '../support/gateway.js';
import { asPostgres, PostgresCluster, postgresPrograms, testsClusters } from '../support/postgres-cluster.js';
import { ordersOfExternal } from '../support/remembering-external.js';
import { until } from '../support/until.js';

const run = promisify(execFile);
const KEY = fingerprintKey();
const LOST = Array.from({ length: 200 }, (_, index) => `lost-${index}`);

const pay = ({ url }: Gateway, shopTransactionId: string, key: string): Promise<Answer> =>
  call(
    `${url}/v3/acme/pay`,
    'POST',
    { amount: 100, currency: 'EUR', shopTransactionId },
    { 'idempotency-key': key },
  );

/** As docs/operating.md says: a base backup under the gateway, archived WAL, and a target time. */
(testsClusters() ? describe : describe.skip)('PostgreSQL restored to a point in time', () => {
  it('executes none of 200 lost payments twice', async () => {
    const external = await ordersOfExternal();
    const cluster = await PostgresCluster.start();
    const [archive, base] = [join(cluster.folder, 'archive'), join(cluster.folder, 'base')];
    const open: Gateway[] = [];
    const start = async (env: Readonly<Record<string, string>>): Promise<Gateway> => {
      const gateway = await startGateway({
        externals: [
          {
            externalService: 'acme',
            baseUrl: external.url,
            timeoutMs: 1_000,
            statusByShopTransactionId: true,
          },
        ],
        database: { DATABASE_URL: cluster.url, FINGERPRINT_KEY: KEY },
        env,
      });
      open.push(gateway);
      return gateway;
    };
    try {
      mkdirSync(archive);
      chmodSync(archive, 0o777);
      await cluster.stop();
      cluster.configure('archive_mode = on', `archive_command = 'cp %p ${archive}/%f'`);
      await cluster.boot();
      const before = await start({});
      await pay(before, 'before', 'before');
      await run(
        ...asPostgres(join(postgresPrograms()!, 'pg_basebackup'), [
          `--pgdata=${base}`,
          `--dbname=${cluster.url}`,
          '--checkpoint=fast',
          '--no-sync',
        ]),
      );
      await pay(before, 'kept', 'kept');
      const [target] = await cluster.query<{ at: string }>('select clock_timestamp()::text as at');
      const recoveredFrom = new Date().toISOString();
      for (const order of LOST) expect((await pay(before, order, order)).status).toBe(200);
      await before.close();
      await cluster.query('select pg_switch_wal()');
      await until(async () => {
        const [row] = await cluster.query<{ done: boolean }>(
          'select last_archived_wal >= pg_walfile_name(pg_current_wal_lsn() - 1) as done from pg_stat_archiver',
        );
        return row!.done;
      }, 'the log to be archived');
      await cluster.stop();

      rmSync(cluster.data, { recursive: true });
      await run(...asPostgres('mv', [base, cluster.data]));
      cluster.configure(
        `restore_command = 'cp ${archive}/%f %p'`,
        `recovery_target_time = '${target!.at}'`,
        `recovery_target_action = 'promote'`,
      );
      await run(...asPostgres('touch', [join(cluster.data, 'recovery.signal')]));
      await cluster.boot();
      await until(async () => {
        const [row] = await cluster.query<{ recovering: boolean }>(
          'select pg_is_in_recovery() as recovering',
        );
        return !row!.recovering;
      }, 'the end of the recovery');

      const after = await start({ RECOVERED_FROM: recoveredFrom });
      const executed = external.executed();
      expect((await pay(after, 'kept', 'kept')).headers.get('idempotency-replayed')).toBe('true');
      for (const again of ['', 'again-'])
        for (const order of LOST)
          expect(await pay(after, order, `${again}${order}`)).toMatchObject({
            status: 409,
            body: { code: 'duplicate-payment', outcome: 'not-executed', paymentId: `pm-${order}` },
          });
      expect(external.executed()).toBe(executed);
    } finally {
      for (const gateway of open) await gateway.close().catch(() => {});
      await cluster.dispose();
      await external.close();
    }
  }, 120_000);
});
