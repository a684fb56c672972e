import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRun } from '../bench-run.js';
import { type BenchDatabase, postgresDatabase, postgresVersion, sqliteDatabase } from '../databases.js';
import { CONCURRENCY } from '../drain/notification.js';
import { drainRate, fillOutbox, untilDrained } from '../drain/outbox.js';
import { type Part, say } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { NOTIFICATION_SECRET, RECEIVER_URL, tollgate } from '../servers.js';
import { median } from '../statistics.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * How fast the program delivers what waits in its outbox when it starts, against a loop that signs and sends and
 * keeps nothing. Each round of each is a new process that delivers `count` to warm up, and as many that count.
 */
export const drain: Part = async (run, { rounds = 3, count = 20_000 }) => {
  const version = await postgresVersion();
  const bare: number[] = [];
  const sqlite: number[] = [];
  const postgres: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await run.calibration.measure();
    bare.push(await bareRate(run, count));
    sqlite.push(await tollgateRate(run, await sqliteDatabase(run.subfolder(`drain-${round}`)), count));
    if (version !== undefined) postgres.push(await tollgateRate(run, await postgresDatabase(), count));
    say(
      `round ${round}: ${[bare, sqlite, postgres].map((rates) => whole(rates.at(-1) ?? 0)).join(', ')} a second`,
    );
  }
  const row = (name: string, rates: readonly number[]): string[] => [
    name,
    ...[median(rates), Math.min(...rates), Math.max(...rates)].map(whole),
    (median(rates) / median(bare)).toFixed(2),
  ];
  return {
    markdown: [
      `${whole(count)} notifications after ${whole(count)} to warm up, ${CONCURRENCY} at once, ${rounds} rounds in turns; the receiver is the stub.`,
      table(
        ['notifications a second', 'median', 'slowest', 'fastest', '×'],
        [
          row('a bare loop: undici `Pool.request`, `createHmac`, nothing stored', bare),
          row('Tollgate, SQLite, each commit on the disk', sqlite),
          ...(version === undefined ? [] : [row(`Tollgate, PostgreSQL ${version}`, postgres)]),
        ],
      ),
    ].join('\n\n'),
    targets: [
      {
        name: 'Rate of the bare loop, SQLite',
        limit: 0.5,
        measured: median(sqlite) / median(bare),
        unit: '×',
        atLeast: true,
      },
    ],
  };
};

async function bareRate(run: BenchRun, count: number): Promise<number> {
  const logFile = join(run.folder, 'bare-loop.log');
  const program = ['--import', path('../../test/support/typescript-hooks.js'), path('../drain/bare-loop.ts')];
  const process = run.start({
    name: 'bare loop',
    command: [globalThis.process.execPath, ...program, RECEIVER_URL, NOTIFICATION_SECRET, String(count)],
    logFile,
  });
  await process.finished();
  return Number(readFileSync(logFile, 'utf8'));
}

async function tollgateRate(run: BenchRun, database: BenchDatabase, count: number): Promise<number> {
  try {
    await fillOutbox(database, count * 2);
    const process = run.start(tollgate(run.subfolder('drain'), { env: database.env }));
    await untilDrained(database);
    await process.stop();
    return await drainRate(database, count);
  } finally {
    await database.dispose();
  }
}
