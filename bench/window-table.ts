import { type ComparisonRow, cpuRatio } from './compare.js';
import type { Operation } from './load/requests.js';
import { table, whole } from './report/markdown.js';
import { spread } from './statistics.js';

export const ROUTES: Readonly<Record<Operation, string>> = { pay: '`POST /pay`', status: '`GET /status`' };

/** The servers under one load; `×` is the ratio to the row of `nest`. */
export function windowTable(
  { operation, connections }: { readonly operation: Operation; readonly connections: number },
  rows: readonly ComparisonRow[],
  labels: Readonly<Record<string, string>>,
): string {
  const nest = rows.find((row) => row.server === 'nest')!;
  const title = `${ROUTES[operation]}, ${connections} connections`;
  return table(
    [title, 'CPU µs', '×', 'requests/s', '×', 'p50 ms', 'p99 ms', 'peak MiB', '×'],
    rows.map((row) => [
      labels[row.server]!,
      `${row.cpuMicros.toFixed(0)} (${(spread(row.cpuMicrosByRound) * 100).toFixed(0)} %)`,
      cpuRatio(row, nest).toFixed(2),
      whole(row.requestsPerSecond),
      (row.requestsPerSecond / nest.requestsPerSecond).toFixed(2),
      row.p50.toFixed(2),
      row.p99.toFixed(2),
      row.peakMiB.toFixed(0),
      (row.peakMiB / nest.peakMiB).toFixed(2),
    ]),
  );
}
