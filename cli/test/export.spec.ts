import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Logger } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import type { RetentionMetrics } from '../../src/retention/retention.metrics.js';
import { databasePlaces, openTestDatabase, type TestDatabase } from '../../test/support/databases.js';
import { variablesOf } from '../../test/support/gateway.js';
import { type Retained, retentionWith } from '../../test/support/retention-pass.js';
import { SmallDisk } from '../../test/support/small-disk.js';
import { TestClock } from '../../test/support/test-clock.js';
import { fillLedger } from '../../test/scale/ledger-filler.js';
import { type CliResult, runCli } from './cli.js';

const PAYMENTS = 2_400;
/** The last 1,200 payments, one a second, are of the second day. */
const UNTIL_MS = Date.UTC(2026, 0, 31, 0, 20);
const DAY_MS = 86_400_000;
/** The program, without a build. */
const CLI = [
  process.execPath,
  '--disable-warning=ExperimentalWarning',
  '--import',
  './test/support/typescript-hooks.js',
  'cli/src/main.ts',
];
const MONTH = ['--since', '2026-01-01', '--until', '2026-02-01'];

const places = databasePlaces().filter(([name]) => name !== 'SQLite memory');

describe.each(places)('tollgate export on %s', (_name, place) => {
  let database: TestDatabase;
  let folder: string;
  let env: string;
  let metrics: RetentionMetrics;

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await openTestDatabase(place);
    await fillLedger(database.store, { payments: PAYMENTS, untilMs: UNTIL_MS });
    folder = mkdtempSync(join(tmpdir(), 'tollgate-export-'));
    env = join(folder, 'ledger.env');
    const variables = Object.entries(variablesOf(database)).filter(([name]) => name !== 'FINGERPRINT_KEY');
    writeFileSync(env, variables.map(([name, value]) => `${name}=${value}\n`).join(''));
  });
  afterAll(async () => {
    await database.dispose();
    rmSync(folder, { recursive: true });
  });

  const exported = (...args: string[]): Promise<CliResult> =>
    runCli('export', folder, '--env-file', env, ...MONTH, ...args);
  const verified = (...args: string[]): Promise<CliResult> => runCli('export', folder, '--verify', ...args);
  const files = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.gz'))
      .toSorted();
  const sha256 = (name: string): string =>
    createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex');
  const linesOf = (name: string): Record<string, unknown>[] =>
    gunzipSync(readFileSync(join(folder, name)))
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const count = async (table: 'payments' | 'refunds' | 'ledger_events'): Promise<number> => {
    const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(table)}`.execute(
      database.store.kysely,
    );
    return rows[0]!.n;
  };
  /** The sums of the ledger and of what was deleted from it. */
  const books = async (): Promise<unknown[]> => {
    const { rows } = await sql`
      select subject, external, currency, state, cast(sum(items) as bigint) as items, cast(sum(amount) as bigint) as amount
      from (select 'payment' as subject, external, currency, state, 1 as items, amount_minor as amount from payments
        union all select 'refund', external, currency, state, 1, amount_minor from refunds
        union all select subject, external, currency, state, deleted_items, deleted_amount_minor from archive_totals) as books
      group by 1, 2, 3, 4 having sum(items) > 0 order by 1, 2, 3, 4`.execute(database.store.kysely);
    return rows.map((row) => ({ ...(row as object) }));
  };
  const replica = (): Retained =>
    retentionWith(database.store, new TestClock(UNTIL_MS + 100 * DAY_MS), 'payments=40d');
  const retain = async (): Promise<number> => {
    const { retention, deleted, metrics: counted } = replica();
    metrics = counted;
    while ((await retention.step()).more);
    return deleted.get('payments') ?? 0;
  };
  /** Two replicas take turns; one deletes of a day while the other sums it up. Returns how many each has deleted, and the days that differed for it. */
  const retainTogether = async (): Promise<readonly { deleted: number; differing: number }[]> => {
    const replicas = [replica(), replica()];
    for (let ahead = 0; ahead < 3; ahead++) await replicas[1]!.retention.step();
    for (let active = replicas; active.length > 0;) {
      const going: Retained[] = [];
      for (const each of active) if ((await each.retention.step()).more) going.push(each);
      active = going;
    }
    return replicas.map(({ deleted, metrics: { differingDays: differing } }) => ({
      deleted: deleted.get('payments') ?? 0,
      differing,
    }));
  };

  it('deletes no payment that was not archived', async () => {
    const before = await books();
    expect(await retain()).toBe(0);
    expect(await books()).toEqual(before);
  });

  it('fails on a full disk in one line, and leaves nothing that could be taken for an archive', async () => {
    const disk = SmallDisk.mount(1);
    if (disk === undefined) return;
    try {
      disk.fill();
      const { exitCode, stdout, stderr } = await runCli('export', disk.folder, '--env-file', env, ...MONTH);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toBe(
        `tollgate: cannot write to ${disk.folder}: no space is left. 0 days are archived; the next was not, and nothing is lost: run it again\n`,
      );
      expect(readdirSync(disk.folder)).toEqual(['ballast']);
      expect(await database.store.read((db) => db.selectFrom('archives').selectAll().execute())).toEqual([]);
    } finally {
      disk.unmount();
    }
  });

  it('fails in one line where a file cannot grow, and leaves nothing of it', async () => {
    const limited = mkdtempSync(join(tmpdir(), 'tollgate-export-'));
    // Of 512 or 1,024 bytes, by the shell: less than an archive has.
    const command = `ulimit -f 16; exec "$@"`;
    const args = ['export', limited, '--env-file', env, ...MONTH];
    const { status, stdout, stderr } = spawnSync('sh', ['-c', command, 'sh', ...CLI, ...args], {
      encoding: 'utf8',
    });
    expect([status, stdout, stderr]).toEqual([
      1,
      '',
      expect.stringMatching(
        /^tollgate: cannot write to \S+: EFBIG: .*\. 0 days are archived; .* run it again\n$/,
      ),
    ]);
    expect(readdirSync(limited)).toEqual([]);
    rmSync(limited, { recursive: true });
  });

  it('writes a file for each day, each naming the digest of the one before, with all payments in them', async () => {
    // What a killed run left behind.
    writeFileSync(join(folder, 'tollgate-000001-2026-01-30.ndjson.gz.partial'), 'half');
    const { exitCode, stdout } = await exported();
    expect(exitCode).toBeUndefined();
    expect(files()).toEqual(['tollgate-000001-2026-01-30.ndjson.gz', 'tollgate-000002-2026-01-31.ndjson.gz']);
    expect(readdirSync(folder).filter((name) => name.endsWith('.partial'))).toEqual([]);
    expect(stdout).toBe(
      files()
        .map((name) => `${name}  ${sha256(name)}  written\n`)
        .join(''),
    );
    const all = files().map(linesOf);
    expect(all.map(([head]) => head!['previous'])).toEqual([null, sha256(files()[0]!)]);
    const payments = all.flatMap((lines) => lines.slice(1, -1));
    expect(payments).toHaveLength(PAYMENTS);
    expect(payments.flatMap(({ refunds }) => refunds)).toHaveLength(await count('refunds'));
    expect(payments.flatMap(({ events }) => events)).toHaveLength(await count('ledger_events'));
    const head = sha256(files()[1]!);
    const { exitCode: verdict, stderr } = await verified('--head', head);
    expect([verdict, stderr]).toEqual([
      undefined,
      `2 files with ${PAYMENTS} payments are as they were written: ${head}\n`,
    ]);
  });

  it('run again, leaves out what has not changed', async () => {
    const before = files().map(sha256);
    const { exitCode, stdout } = await exported('--json');
    expect(exitCode).toBeUndefined();
    const { days } = JSON.parse(stdout) as { days: { result: string }[] };
    expect(days.map(({ result }) => result)).toEqual(['unchanged', 'unchanged']);
    expect(files().map(sha256)).toEqual(before);
  });

  it('adopts the file of a run that was killed before it could record it', async () => {
    const rows = await database.store.read((db) => db.selectFrom('archives').selectAll().execute());
    await database.store.transaction(async (trx) => {
      await trx.deleteFrom('archives').where('sequence', '=', 2).execute();
      await trx.deleteFrom('archive_totals').where('day', '=', rows[1]!.day).execute();
    });
    const before = files().map(sha256);
    expect((await exported()).stdout).toMatch(/unchanged\n.*adopted\n$/);
    expect(files().map(sha256)).toEqual(before);
    expect(await database.store.read((db) => db.selectFrom('archives').selectAll().execute())).toEqual(rows);
  });

  it('deletes what is archived and has ended, and keeps the sums and what is open', async () => {
    const before = await books();
    const open = await database.store.read((db) =>
      db.selectFrom('payments').select('id').where('state', 'in', ['PENDING', 'UNKNOWN']).execute(),
    );
    const newest = (): Promise<unknown> =>
      database.store.read((db) =>
        db
          .selectFrom('ledger_events')
          .select((eb) => eb.fn.max('id').as('id'))
          .execute(),
      );
    const last = await newest();
    const replicas = await retainTogether();
    expect(replicas.map(({ differing }) => differing)).toEqual([0, 0]);
    const deleted = replicas.reduce((sum, each) => sum + each.deleted, 0);
    expect(deleted).toBeGreaterThan(PAYMENTS * 0.9);
    expect(await newest()).toEqual(last);
    expect(await count('payments')).toBe(PAYMENTS - deleted);
    const left = await database.store.read((db) => db.selectFrom('payments').select('id').execute());
    const ids = left.map(({ id }) => id);
    expect(open.filter(({ id }) => !ids.includes(id))).toEqual([]);
    expect(await books()).toEqual(before);
    // Nothing of the deleted ones is left.
    const { rows } = await sql<{ n: number }>`select
      (select count(*) from ledger_events where payment_ref not in (select id from payments))
      + (select count(*) from operations where payment_ref not in (select id from payments))
      + (select count(*) from refunds where payment_ref not in (select id from payments))
      + (select count(*) from notifications where payment_ref not in (select id from payments)) as n`.execute(
      database.store.kysely,
    );
    expect(rows[0]!.n).toBe(0);
    expect(await retain()).toBe(0);
  });

  it('deletes nothing of a day that has changed since, until it is archived again', async () => {
    const [first] = await database.store.read((db) =>
      db
        .selectFrom('payments')
        .selectAll()
        .where('state', '=', 'PENDING')
        .where('parked_at', 'is', null)
        .orderBy('id')
        .execute(),
    );
    await database.store.transaction((trx) =>
      trx
        .updateTable('payments')
        .set({ state: 'ACCEPTED', next_ask_at: null })
        .where('id', '=', first!.id)
        .execute(),
    );
    // Its time of change says nothing: the sums do.
    expect(await retain()).toBe(0);
    expect(metrics.differingDays).toBe(1);
    await database.store.transaction((trx) =>
      trx.updateTable('archives').set({ snapshot_at: first!.updated_at }).where('sequence', '=', 1).execute(),
    );
    const before = await books();
    expect((await exported()).stdout).toMatch(/^tollgate-000003-2026-01-30.* written\n/);
    expect(await retain()).toBeGreaterThan(0);
    expect(metrics.differingDays).toBe(0);
    expect(await books()).toEqual(before);
    expect((await verified()).exitCode).toBeUndefined();
  });

  it('finds every change of a file, and a file that is missing', async () => {
    const [one, two, three] = files() as [string, string, string];
    const changes: [string, () => void, RegExp][] = [
      ['cut off', () => truncateSync(join(folder, two), 2_000), new RegExp(`^${two}: is damaged or cut off`)],
      [
        'a line changed',
        () => {
          const text = gunzipSync(readFileSync(join(folder, two))).toString();
          writeFileSync(join(folder, two), gzipSync(text.replace('"amount":', '"amount":1')));
        },
        new RegExp(`^${two}: holds other payments than its last line says\n$`),
      ],
      ...['{"payment":{}}', '{"end":true,"totals":[null]}'].map((line): [string, () => void, RegExp] => [
        line,
        () => {
          const text = gunzipSync(readFileSync(join(folder, two))).toString();
          writeFileSync(join(folder, two), gzipSync(text.replace(/.*\n$/, `${line}\n`)));
        },
        new RegExp(`^${two}: has a line that is neither a payment nor the end\n$`),
      ]),
      [
        'a folder',
        () => {
          rmSync(join(folder, two));
          mkdirSync(join(folder, two));
        },
        new RegExp(`^${two}: cannot be read .*EISDIR`),
      ],
      [
        'packed anew',
        () =>
          writeFileSync(
            join(folder, two),
            gzipSync(gunzipSync(readFileSync(join(folder, two))), { level: 1 }),
          ),
        new RegExp(`^${three}: names another file than ${two} as the one before\n$`),
      ],
      [
        'removed',
        () => rmSync(join(folder, two)),
        new RegExp(`^${three}: follows ${one}: what is between them is missing\n$`),
      ],
    ];
    const kept = join(folder, 'kept');
    copyFileSync(join(folder, two), kept);
    for (const [name, change, problem] of changes) {
      change();
      const { exitCode, stdout } = await verified();
      expect([name, exitCode, stdout]).toEqual([name, 1, expect.stringMatching(problem)]);
      rmSync(join(folder, two), { recursive: true, force: true });
      copyFileSync(kept, join(folder, two));
    }
    const head = sha256(three);
    rmSync(join(folder, three));
    expect((await verified()).exitCode).toBeUndefined();
    expect((await verified('--head', head)).exitCode).toBe(1);
    expect((await verified('--head', 'no digest')).exitCode).toBe(2);
  });

  it.each([
    [['--since', '2026-01-02', '--until', '2026-01-02'], 'only whole days are archived'],
    [['--since', '2026-01-02', '--until', '2999-01-01'], 'not later than today'],
    [['--since', '2026-02-30', '--until', '2026-03-01'], 'It must be a day'],
    [['--since', '2026-01-01'], '--since and --until are needed'],
  ])('refuses %p', async (args, message) => {
    const { exitCode, stderr } = await runCli('export', folder, '--env-file', env, ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses a folder that is not there, and one with a file of another chain in the way', async () => {
    expect((await runCli('export', join(folder, 'none'), ...MONTH)).exitCode).toBe(2);
    const other = mkdtempSync(join(tmpdir(), 'tollgate-export-'));
    await database.store.transaction((trx) => trx.updateTable('archives').set({ snapshot_at: 0 }).execute());
    copyFileSync(join(folder, files()[0]!), join(other, 'tollgate-000004-2026-01-30.ndjson.gz'));
    const { exitCode, stderr } = await runCli('export', other, '--env-file', env, ...MONTH);
    expect([exitCode, stderr]).toEqual([
      1,
      expect.stringContaining('export to another folder, or move it away'),
    ]);
    rmSync(other, { recursive: true });
  });
});
