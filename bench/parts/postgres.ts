import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type BenchRun, warmUpOf } from '../bench-run.js';
import { compare, cpuRatio, rowNamed, windowsOf } from '../compare.js';
import {
  type BenchDatabase,
  POSTGRES_URL,
  postgresDatabase,
  postgresVersion,
  sqliteDatabase,
} from '../databases.js';
import { diskLine } from '../disk.js';
import { interactiveCpuMicros } from '../interactive-transactions.js';
import type { Part } from '../part.js';
import { PostgresServer } from '../postgres-server.js';
import { table } from '../report/markdown.js';
import { server, tollgate } from '../servers.js';
import { windowTable } from '../window-table.js';

const PORT = 18_086;
const COUNTED_PORT = 18_088;
const OPERATIONS = ['pay', 'status'] as const;
const CONNECTIONS = [32, 128];
const COUNTER = fileURLToPath(new URL('../count-round-trips.js', import.meta.url));
/** Longer than the gateway's interval of writing the count down. */
const COUNT_MS = 200;

const LABELS = {
  nest: 'NestJS + ValidationPipe + HttpService',
  SQLite: 'Tollgate, SQLite',
  PostgreSQL: 'Tollgate, PostgreSQL',
} as const;

/** Tollgate on PostgreSQL beside itself on SQLite and the forty lines, and what PostgreSQL itself uses for a payment. */
export const postgres: Part = async (run, { rounds = 5, seconds = 3, warmUpSeconds = 24 }) => {
  const version = await postgresVersion();
  if (version === undefined) return undefined;
  const folder = run.subfolder('sqlite');
  const database = await postgresDatabase();
  try {
    const disk = diskLine(run.folder);
    const rows = await compare(run, {
      servers: [
        server('nest', run.subfolder('nest')),
        tollgate(folder, { name: 'SQLite', env: (await sqliteDatabase(folder)).env }),
        tollgate(run.subfolder('postgres'), { name: 'PostgreSQL', port: PORT, env: database.env }),
      ],
      operations: OPERATIONS,
      connections: CONNECTIONS,
      rounds,
      seconds,
      warmUp: warmUpOf(warmUpSeconds),
    });
    const tables = windowsOf({ operations: OPERATIONS, connections: CONNECTIONS }).map((window) =>
      windowTable(
        window,
        Object.keys(LABELS).map((name) => rowNamed(rows, name, window)),
        LABELS,
      ),
    );
    const own = await usageOf(run, database, { seconds: seconds * rounds, warmUpSeconds });
    const interactiveMicros = await interactiveCpuMicros(database, seconds * rounds);
    const cpuOf = (name: 'nest' | 'SQLite'): number => {
      const [row, of] = (['PostgreSQL', name] as const).map((one) =>
        rowNamed(rows, one, { operation: 'pay', connections: 32 }),
      );
      return cpuRatio(row!, of!);
    };
    return {
      markdown: [
        `PostgreSQL ${version} on the same machine, on whichever processor the kernel gives it, also that of the gateway: CPU is that of the gateway's own process. Medians of ${rounds} rounds; × is the ratio to the forty lines, of CPU the median of the ratios within the rounds.`,
        ...tables,
        'What PostgreSQL itself uses for one `POST /pay`: CPU of all its processes, and round trips of the gateway, with everything else that the gateway does meanwhile.',
        table(
          ['connections', 'CPU µs', 'transactions', 'WAL bytes', 'round trips'],
          own.map(({ connections, cpuMicros, transactions, walBytes, roundTrips }) => [
            String(connections),
            cpuMicros.toFixed(0),
            transactions.toFixed(2),
            walBytes.toFixed(0),
            roundTrips.toFixed(2),
          ]),
        ),
        disk,
      ].join('\n\n'),
      targets: [
        { name: 'CPU of the forty lines', limit: 0.6, measured: cpuOf('nest'), unit: '×' },
        { name: 'CPU of SQLite', limit: 1.15, measured: cpuOf('SQLite'), unit: '×' },
        {
          name: "PostgreSQL's own CPU, of statements sent one after the other",
          limit: 0.35,
          measured: own[0]!.cpuMicros / interactiveMicros,
          unit: '×',
        },
        { name: 'WAL per payment', limit: 2.5, measured: own[0]!.walBytes / 1_000, unit: 'KB' },
      ],
    };
  } finally {
    await database.dispose();
  }
};

interface Usage {
  readonly connections: number;
  /** All of these per payment. */
  readonly cpuMicros: number;
  readonly transactions: number;
  readonly walBytes: number;
  readonly roundTrips: number;
}

/** By number of connections. The counter of round trips costs the gateway CPU, which is not reported here. */
async function usageOf(
  run: BenchRun,
  database: BenchDatabase,
  { seconds, warmUpSeconds }: { readonly seconds: number; readonly warmUpSeconds: number },
): Promise<Usage[]> {
  const folder = run.subfolder('postgres-usage');
  const countFile = join(folder, 'count');
  // The first change of a page after a checkpoint writes all of it ahead: the warm-up pays for that, and the next checkpoint
  // comes after the end.
  await database.settle();
  const gateway = await run.startWarm(
    tollgate(folder, {
      name: 'PostgreSQL, counted',
      port: COUNTED_PORT,
      env: { ...database.env, COUNT_FILE: countFile, COUNT_PORT: new URL(POSTGRES_URL).port || '5432' },
      flags: ['--import', COUNTER],
    }),
    { pay: warmUpSeconds, status: 0 },
  );
  const postgresServer = await PostgresServer.connect(POSTGRES_URL);
  const payments = (): Promise<number> => database.number('select count(*) from payments');
  const roundTrips = async (): Promise<number> => {
    await sleep(COUNT_MS);
    return Number(readFileSync(countFile, 'utf8'));
  };
  const usages: Usage[] = [];
  gateway.process.resume();
  for (const connections of CONNECTIONS) {
    const before = [await payments(), await roundTrips(), await postgresServer.usage()] as const;
    await run.generator.run({
      kind: 'closed-loop',
      target: gateway.target,
      operation: 'pay',
      connections,
      rampMs: 0,
      until: { seconds },
    });
    const after = [await postgresServer.usage(), await roundTrips(), await payments()] as const;
    const paid = after[2] - before[0];
    usages.push({
      connections,
      cpuMicros: ((after[0].cpuMs - before[2].cpuMs) * 1_000) / paid,
      transactions: (after[0].transactions - before[2].transactions) / paid,
      walBytes: (after[0].walBytes - before[2].walBytes) / paid,
      roundTrips: (after[1] - before[1]) / paid,
    });
  }
  await gateway.process.stop('SIGKILL');
  await postgresServer.close();
  return usages;
}
