import { type BenchRun, type Measurement, warmUpOf } from '../bench-run.js';
import { normalisedCpu } from '../calibration.js';
import { measureInTurns } from '../compare.js';
import { type BenchDatabase, postgresDatabase, postgresVersion, sqliteDatabase } from '../databases.js';
import type { BenchOptions } from '../part.js';
import { table } from '../report/markdown.js';
import { provenance } from '../report/provenance.js';
import { tollgate } from '../servers.js';
import { median, ratios } from '../statistics.js';
import { ROUTES } from '../window-table.js';

const OTHER_PORT = 18_087;
const OPERATIONS = ['pay', 'status'] as const;
const CONNECTIONS = 32;

const DATABASES: Readonly<Record<'sqlite' | 'postgres', (folder: string) => Promise<BenchDatabase>>> = {
  sqlite: sqliteDatabase,
  postgres: postgresDatabase,
};

/** The options, with their defaults. */
interface Windows {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** The CPU of this build beside that of the build in `checkout`, on each database that is available. */
export async function versus(
  run: BenchRun,
  checkout: string,
  { rounds = 20, seconds = 2, warmUpSeconds = 24 }: BenchOptions,
  command: string,
): Promise<string> {
  const windows = { rounds, seconds, warmUpSeconds };
  const rows = await rowsOn('sqlite', run, checkout, windows);
  if ((await postgresVersion()) !== undefined) {
    rows.push(...(await rowsOn('postgres', run, checkout, windows)));
  }
  return [
    `CPU per request of this build and of the other one, \`${checkout}\`: ${rounds} pairs of windows of ${seconds} s in turns, ${CONNECTIONS} connections. Times are medians; a ratio is this build's time divided by the other's in one pair.`,
    table(['', 'other µs', 'this µs', 'lowest ratio', 'median ratio', 'highest ratio'], rows),
    provenance(command, run),
  ].join('\n\n');
}

/** A row of the table for each operation. */
async function rowsOn(
  kind: keyof typeof DATABASES,
  run: BenchRun,
  checkout: string,
  { rounds, seconds, warmUpSeconds }: Windows,
): Promise<string[][]> {
  const folders = { other: run.subfolder(`${kind}-other`), own: run.subfolder(`${kind}-this`) };
  const databases = {
    other: await DATABASES[kind](folders.other),
    own: await DATABASES[kind](folders.own),
  };
  try {
    const measured = await measureInTurns(run, {
      servers: [
        tollgate(folders.other, { name: 'other', port: OTHER_PORT, checkout, env: databases.other.env }),
        tollgate(folders.own, { name: 'this', env: databases.own.env }),
      ],
      operations: OPERATIONS,
      connections: [CONNECTIONS],
      rounds,
      seconds,
      warmUp: warmUpOf(warmUpSeconds),
    });
    return OPERATIONS.map((operation) => {
      const [other, own] = measured.filter((series) => series.operation === operation);
      return row(`${ROUTES[operation]}, ${databases.own.name}`, other!.rounds, own!.rounds);
    });
  } finally {
    await databases.other.dispose();
    await databases.own.dispose();
  }
}

/** `other` and `own` are pairs: window by window in turns. */
function row(title: string, other: readonly Measurement[], own: readonly Measurement[]): string[] {
  const inPairs = ratios(own.map(cpuOf), other.map(cpuOf));
  return [
    title,
    median(other.map(({ cpuMicros }) => cpuMicros)).toFixed(0),
    median(own.map(({ cpuMicros }) => cpuMicros)).toFixed(0),
    ...[Math.min(...inPairs), median(inPairs), Math.max(...inPairs)].map((ratio) => ratio.toFixed(3)),
  ];
}

/** By the speed that the processor had in that window. */
function cpuOf(window: Measurement): number {
  return normalisedCpu(window, 1);
}
