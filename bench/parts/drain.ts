import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchRun } from '../bench-run.js';
import { type BenchDatabase, postgresDatabase, postgresVersion, sqliteDatabase } from '../databases.js';
import { CONCURRENCY } from '../drain/notification.js';
import { drainRate, fillOutbox, untilOpen } from '../drain/outbox.js';
import { type Part, say, type Target } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { NOTIFICATION_SECRET, RECEIVER_URL, tollgate } from '../servers.js';
import { median, medianRatio } from '../statistics.js';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/**
 * How fast the program delivers what waits in its outbox when it starts, against a loop that signs and sends and
 * keeps nothing. Each round of each is a new process that delivers `count` to warm up, and as many that count.
 */
export const drain: Part = async (run, { rounds = 5, count = 20_000 }) => {
  const version = await postgresVersion();
  const bare: Drained[] = [];
  const sqlite: Drained[] = [];
  const postgres: Drained[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    await run.calibration.measure();
    bare.push(await drainedByLoop(run, count));
    sqlite.push(await drainedByTollgate(run, await sqliteDatabase(run.subfolder(`drain-${round}`)), count));
    if (version !== undefined) postgres.push(await drainedByTollgate(run, await postgresDatabase(), count));
    say(
      `round ${round}: ${[bare, sqlite, postgres].map((all) => whole(all.at(-1)?.rate ?? 0)).join(', ')} a second`,
    );
  }
  const ratio = (all: readonly Drained[], of: keyof Drained): number =>
    medianRatio(
      all.map((drained) => drained[of]),
      bare.map((drained) => drained[of]),
    );
  const row = (name: string, all: readonly Drained[]): string[] => {
    const rates = all.map(({ rate }) => rate);
    return [
      name,
      ...[median(rates), Math.min(...rates), Math.max(...rates)].map(whole),
      ratio(all, 'rate').toFixed(2),
      whole(median(all.map(({ cpuMicros }) => cpuMicros))),
      ratio(all, 'cpuMicros').toFixed(2),
    ];
  };
  const target = (name: string, all: readonly Drained[]): Target => ({
    name: `Rate of the bare loop, ${name}`,
    limit: 0.5,
    measured: ratio(all, 'rate'),
    unit: '×',
    atLeast: true,
  });
  return {
    markdown: [
      `${whole(count)} notifications after ${whole(count)} to warm up, ${CONCURRENCY} at once, ${rounds} rounds in turns; the receiver is the stub. CPU is that of the sending process, per notification; × is the median of the ratios within the rounds.`,
      table(
        ['notifications a second', 'median', 'slowest', 'fastest', '×', 'CPU µs', '×'],
        [
          row('a bare loop: undici `Pool.request`, `createHmac`, nothing stored', bare),
          row('Tollgate, SQLite, each commit on the disk', sqlite),
          ...(version === undefined ? [] : [row(`Tollgate, PostgreSQL ${version}`, postgres)]),
        ],
      ),
    ].join('\n\n'),
    targets: [target('SQLite', sqlite), ...(version === undefined ? [] : [target('PostgreSQL', postgres)])],
  };
};

interface Drained {
  /** Notifications a second. */
  readonly rate: number;
  /** CPU of the sending process, per notification. */
  readonly cpuMicros: number;
}

async function drainedByLoop(run: BenchRun, count: number): Promise<Drained> {
  const logFile = join(run.folder, 'bare-loop.log');
  const program = ['--import', path('../../test/support/typescript-hooks.js'), path('../drain/bare-loop.ts')];
  const process = run.start({
    name: 'bare loop',
    command: [globalThis.process.execPath, ...program, RECEIVER_URL, NOTIFICATION_SECRET, String(count)],
    logFile,
  });
  await process.finished();
  return JSON.parse(readFileSync(logFile, 'utf8')) as Drained;
}

async function drainedByTollgate(run: BenchRun, database: BenchDatabase, count: number): Promise<Drained> {
  try {
    await fillOutbox(database, count * 2);
    const process = run.start(tollgate(run.subfolder('drain'), { env: database.env }));
    const open = await untilOpen(database, count);
    const beganAtMs = process.cpuMs();
    await untilOpen(database, 0);
    const cpuMs = process.cpuMs() - beganAtMs;
    await process.stop();
    return { rate: await drainRate(database, count), cpuMicros: (cpuMs * 1_000) / open };
  } finally {
    await database.dispose();
  }
}
