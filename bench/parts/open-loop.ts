import type { Running } from '../bench-run.js';
import { postgresDatabase, postgresVersion, sqliteDatabase } from '../databases.js';
import { diskLine } from '../disk.js';
import type { LoadResult } from '../load/closed-loop.js';
import type { Latencies } from '../load/latencies.js';
import { type Part, say, type Target } from '../part.js';
import { table, whole } from '../report/markdown.js';
import { DIRECT, server, tollgate } from '../servers.js';
import { median, medianRatio } from '../statistics.js';

const POSTGRES_PORT = 18_086;
const RAMP_MS = 1_000;
/** Requests a second; after them each server is measured at half of its own saturation. */
const RATES = [100, 400, 1_200];
const SHARE_OF_SATURATION = 0.5;
const COLUMNS = ['p50', 'p90', 'p99', 'p999', 'max'] as const satisfies readonly (keyof Latencies)[];
const SHARES = { p50: 0.5, p99: 0.99 };
const LABELS = {
  direct: 'the stub itself',
  nest: 'NestJS + ValidationPipe + HttpService',
  SQLite: 'Tollgate, SQLite',
  PostgreSQL: 'Tollgate, PostgreSQL',
} as const;

type Name = keyof typeof LABELS;

/** Every round by server; a server that does not keep up is left out. */
type Measured = Map<Name, LoadResult[]>;

/**
 * The latency of a payment when requests come at random, at fixed rates and at half of what each server can do: the stub, the
 * forty lines, and Tollgate on both databases, in turns.
 */
export const addedLatency: Part = async (run, { rounds = 5, seconds = 8, warmUpSeconds = 20 }) => {
  const hasPostgres = (await postgresVersion()) !== undefined;
  const folder = run.subfolder('sqlite');
  const database = hasPostgres ? await postgresDatabase() : undefined;
  try {
    const servers = [
      server('nest', run.subfolder('nest')),
      tollgate(folder, { name: 'SQLite', env: (await sqliteDatabase(folder)).env }),
      ...(database
        ? [
            tollgate(run.subfolder('postgres'), {
              name: 'PostgreSQL',
              port: POSTGRES_PORT,
              env: database.env,
            }),
          ]
        : []),
    ];
    const running = new Map<Name, Running>();
    const halves = new Map<Name, number>();
    for (const one of servers) {
      const warm = await run.startWarm(one, { pay: warmUpSeconds, status: 0 }, 'idle');
      running.set(one.name as Name, warm);
      const { requests, seconds: took } = await run.measure(warm, {
        kind: 'closed-loop',
        operation: 'pay',
        connections: 128,
        rampMs: RAMP_MS,
        until: { seconds },
      });
      halves.set(one.name as Name, (requests / took) * SHARE_OF_SATURATION);
    }
    const names: Name[] = ['direct', ...running.keys()];
    const measure = async (name: Name, requestsPerSecond: number): Promise<LoadResult | undefined> => {
      const load = {
        kind: 'open-loop',
        operation: 'pay',
        requestsPerSecond,
        rampMs: RAMP_MS,
        seconds,
      } as const;
      try {
        const gateway = running.get(name);
        const result = gateway
          ? await run.measure(gateway, load)
          : await run.generator.run({ ...load, target: DIRECT });
        const { latencies, refused } = result;
        say(
          `${name}, ${whole(requestsPerSecond)}/s: p50 ${latencies.p50.toFixed(2)} ms, p99 ${latencies.p99.toFixed(2)} ms, ${refused} refused`,
        );
        return result;
      } catch (error) {
        say(`${name}, ${whole(requestsPerSecond)}/s: ${String(error)}`);
        return undefined;
      }
    };
    const sections: string[] = [];
    const targets: Target[] = [];
    for (const rate of [...RATES, undefined]) {
      const measured: Measured = new Map(names.map((name) => [name, []]));
      const rateOf = (name: Name): number => rate ?? halves.get(name) ?? halves.get('SQLite')!;
      // The first round is for the load generator to warm up.
      for (let round = 0; round <= rounds; round += 1) {
        for (const name of names) {
          const all = measured.get(name);
          if (!all) continue;
          const found = await measure(name, rateOf(name));
          if (!found) measured.delete(name);
          else if (round > 0) all.push(found);
        }
      }
      const title = rate === undefined ? 'half of saturation' : `${whole(rate)} a second`;
      sections.push(
        latencyTable(title, names, measured, rate === undefined ? rateOf : undefined),
        diskLine(run.folder),
      );
      targets.push(...targetsOf(rate, title, measured));
    }
    return {
      markdown: [
        `\`POST /pay\` in milliseconds, medians of ${rounds} rounds of ${seconds} s in turns; a request's time counts from when it was due. × is the ratio to the forty lines, the median of the ratios within the rounds. Latencies are those of the requests that were not refused.`,
        ...sections,
      ].join('\n\n'),
      targets,
    };
  } finally {
    await database?.dispose();
  }
};

function latencyTable(
  title: string,
  names: readonly Name[],
  measured: Measured,
  rateOf: ((name: Name) => number) | undefined,
): string {
  const of = (name: Name, column: keyof Latencies): number[] =>
    measured.get(name)!.map(({ latencies }) => latencies[column]);
  return table(
    [title, 'p50', '×', 'p90', 'p99', '×', 'p99.9', 'longest', 'refused'],
    names.map((name) => {
      const label = rateOf ? `${LABELS[name]}, ${whole(rateOf(name))}/s` : LABELS[name];
      if (!measured.has(name)) return [label, 'does not keep up', '', '', '', '', '', '', ''];
      return [
        label,
        ...COLUMNS.flatMap((column) => {
          const cell = median(of(name, column)).toFixed(2);
          if (column !== 'p50' && column !== 'p99') return [cell];
          return [
            cell,
            measured.has('nest') ? medianRatio(of(name, column), of('nest', column)).toFixed(2) : '',
          ];
        }),
        `${(shareRefused(measured.get(name)!) * 100).toFixed(1)} %`,
      ];
    }),
  );
}

function shareRefused(results: readonly LoadResult[]): number {
  const sum = (of: (result: LoadResult) => number): number => results.reduce((all, one) => all + of(one), 0);
  const refused = sum((result) => result.refused);
  return refused / (refused + sum((result) => result.requests));
}

/** Those of the requirements. */
function targetsOf(rate: number | undefined, title: string, measured: Measured): Target[] {
  const limits: Readonly<Record<string, readonly [('p50' | 'p99')[], number, number]>> = {
    100: [['p50'], 1.15, 1.4],
    400: [['p50', 'p99'], 1.15, 1.5],
    undefined: [['p50', 'p99'], 1.5, 1.5],
  };
  const found = limits[String(rate)];
  if (!found || !measured.has('direct') || !measured.has('nest')) return [];
  const [columns, onSqlite, onPostgres] = found;
  return (['SQLite', 'PostgreSQL'] as const).flatMap((name) => {
    if (!measured.has(name)) return [];
    return columns.map((column): Target => {
      // A refused request has no latency: it counts as one that takes for ever.
      const isRefused = (one: Name): boolean => shareRefused(measured.get(one)!) > 1 - SHARES[column];
      // At half of saturation the requirement is about what is added to the stub.
      const added = (one: Name): number[] =>
        measured
          .get(one)!
          .map(
            ({ latencies }, round) =>
              latencies[column] -
              (rate === undefined ? measured.get('direct')![round]!.latencies[column] : 0),
          );
      return {
        name: `${column} of the forty lines', ${title}, ${name}`,
        limit: name === 'SQLite' ? onSqlite : onPostgres,
        measured: isRefused(name) ? Number.POSITIVE_INFINITY : medianRatio(added(name), added('nest')),
        unit: '×',
      };
    });
  });
}
