import { compare, rowNamed } from '../compare.js';
import { postgresDatabase, postgresVersion, sqliteDatabase } from '../databases.js';
import type { Part } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { tollgate } from '../servers.js';

const POSTGRES_PORT = 18_086;
const WINDOW = { operation: 'pay', connections: 32 } as const;

/** What PostgreSQL costs the gateway's own process, in place of SQLite. The server's CPU is not in it. */
export const postgres: Part = async (run, { rounds = 3, seconds = 4, warmUpSeconds = 20 }) => {
  const version = await postgresVersion();
  if (version === undefined) return undefined;
  const folder = run.subfolder('sqlite');
  const database = await postgresDatabase();
  try {
    const rows = await compare(run, {
      servers: [
        tollgate(folder, { name: 'SQLite', env: (await sqliteDatabase(folder)).env }),
        tollgate(run.subfolder('postgres'), { name: 'PostgreSQL', port: POSTGRES_PORT, env: database.env }),
      ],
      operations: [WINDOW.operation],
      connections: [WINDOW.connections],
      rounds,
      seconds,
      warmUp: { pay: warmUpSeconds, status: 0 },
    });
    const ratio = rowNamed(rows, 'PostgreSQL', WINDOW).cpuMicros / rowNamed(rows, 'SQLite', WINDOW).cpuMicros;
    return {
      markdown: [
        `PostgreSQL ${version} on the same machine, on whichever processor the kernel gives it, also that of the gateway: only the CPU of the gateway's own process is compared. Medians of ${rounds} rounds.`,
        table(
          ['`POST /pay`, 32 connections', 'CPU µs', 'requests/s', 'p50 ms', 'p99 ms', 'peak MiB'],
          rows.map((row) => [
            row.server,
            `${row.cpuMicros.toFixed(0)} (${(row.cpuSpread * 100).toFixed(0)} %)`,
            whole(row.requestsPerSecond),
            row.p50.toFixed(2),
            row.p99.toFixed(2),
            row.peakMiB.toFixed(0),
          ]),
        ),
      ].join('\n\n'),
      targets: [{ name: 'CPU of SQLite', limit: 1.6, measured: ratio, unit: '×' }],
    };
  } finally {
    await database.dispose();
  }
};
