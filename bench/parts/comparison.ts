import { type BenchRun, warmUpOf } from '../bench-run.js';
import { compare, type ComparisonRow, cpuRatio, rowNamed, windowsOf } from '../compare.js';
import type { Operation } from '../load/requests.js';
import type { BenchOptions, Findings, Part, Target } from '../part.js';
import { table, times } from '../report/markdown.js';
import { LABELS, server, SERVER_NAMES, type ServerName } from '../servers.js';
import { ROUTES, windowTable } from '../window-table.js';

const LIMITS: Readonly<Record<Operation, number>> = { pay: 0.45, status: 0.33 };
const MEMORY_LIMIT = 0.84;
const OPERATIONS = ['pay', 'status'] as const;
const CONNECTIONS = [32, 128];

/** Tollgate beside what one would write or run instead. */
export const comparison: Part = async (
  run,
  { rounds = 5, seconds = 3, warmUpSeconds = 24 },
): Promise<Findings> => {
  const names = SERVER_NAMES.filter((name) => name !== 'nginx' || run.nginx !== undefined);
  const rows = await compare(run, {
    servers: names.map((name) => server(name, run.subfolder(name))),
    operations: OPERATIONS,
    connections: CONNECTIONS,
    rounds,
    seconds,
    warmUp: warmUpOf(warmUpSeconds),
  });
  const windows = windowsOf({ operations: OPERATIONS, connections: CONNECTIONS });
  const tables = windows.map((window) => {
    const measured = names.map((name) => rowNamed(rows, name, window));
    return windowTable(window, measured, LABELS);
  });
  return {
    markdown: [
      `Medians of ${rounds} rounds; in brackets how far single rounds were from it; × is the ratio to (2), of CPU the median of the ratios within the rounds.`,
      ...tables,
    ].join('\n\n'),
    targets: windows.flatMap((window) => {
      const [own, nest] = [rowNamed(rows, 'tollgate', window), rowNamed(rows, 'nest', window)];
      const of = `${ROUTES[window.operation]}, ${window.connections} connections`;
      const cpu = targetOf(`CPU of (2), ${of}`, LIMITS[window.operation], cpuRatio(own, nest));
      const peak = targetOf(`Peak memory of (2), ${of}`, MEMORY_LIMIT, own.peakMiB / nest.peakMiB);
      return window.connections === 128 ? [cpu, peak] : [cpu];
    }),
  };
};

/** The two ratios that matter most, within a minute and a half: one short table. */
export async function quick(
  run: BenchRun,
  { rounds = 5, seconds = 1, warmUpSeconds = 16 }: BenchOptions,
): Promise<string> {
  const names = ['tollgate', 'nest'] as const;
  const rows = await compare(run, {
    servers: names.map((name) => server(name, run.subfolder(name))),
    operations: OPERATIONS,
    connections: [32],
    rounds,
    seconds,
    warmUp: warmUpOf(warmUpSeconds),
  });
  const row = (name: ServerName, operation: Operation): ComparisonRow =>
    rowNamed(rows, name, { operation, connections: 32 });
  const line = (head: string, cell: (operation: Operation) => string): string[] => [
    head,
    ...OPERATIONS.map(cell),
  ];
  return table(
    line(`CPU per request, 32 connections, ${rounds} rounds`, (operation) => ROUTES[operation]),
    [
      ...names.map((name) =>
        line(LABELS[name], (operation) => `${row(name, operation).cpuMicros.toFixed(0)} µs`),
      ),
      line(
        '**ratio**',
        (operation) => `**${times(cpuRatio(row('tollgate', operation), row('nest', operation)))}**`,
      ),
      line('target', (operation) => times(LIMITS[operation])),
    ],
  );
}

function targetOf(name: string, limit: number, measured: number): Target {
  return { name, limit, measured, unit: '×' };
}
