import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchRun } from '../bench-run.js';
import { type CpuProfile, type SelfTime, selfTimes, type SelfTimes } from '../cpu-profile.js';
import type { Operation } from '../load/requests.js';
import type { Part } from '../part.js';
import { table } from '../report/markdown.js';
import { tollgate } from '../servers.js';

const SHOWN = 10;
const INTERVAL_MICROS = 500;

/** Where Tollgate's time goes under a full load, by V8's sampling profiler. */
export const profile: Part = async (run, { seconds = 8, warmUpSeconds = 16 }) => {
  const tables: string[] = [];
  for (const operation of ['pay', 'status'] as const) {
    const { functions, packages } = await profileOf(run, operation, seconds, warmUpSeconds);
    const title = operation === 'pay' ? '`POST /pay`' : '`GET /status`';
    tables.push(ranking(`${title}, functions`, functions), ranking(`${title}, packages`, packages));
  }
  return {
    markdown: [
      `The ${SHOWN} largest self times of the main thread, as shares of its busy time: 32 connections, ${seconds} s after ${warmUpSeconds} s of warm-up, a sample each ${INTERVAL_MICROS} µs.`,
      ...tables,
    ].join('\n\n'),
    targets: [],
  };
};

function ranking(title: string, times: readonly SelfTime[]): string {
  return table(
    [title, 'share'],
    times.slice(0, SHOWN).map(({ name, share }) => [`\`${name}\``, `${(share * 100).toFixed(1)} %`]),
  );
}

async function profileOf(
  run: BenchRun,
  operation: Operation,
  seconds: number,
  warmUpSeconds: number,
): Promise<SelfTimes> {
  const folder = run.subfolder(`profile-${operation}`);
  const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${INTERVAL_MICROS}`];
  const gateway = tollgate(folder, { flags });
  const process = run.start(gateway);
  await process.ready(gateway.readyUrl);
  await run.calibration.measure();
  await run.generator.run({
    kind: 'closed-loop',
    target: gateway.target,
    operation,
    connections: 32,
    rampMs: warmUpSeconds * 1_000,
    until: { seconds },
  });
  await process.stop();
  const files = readdirSync(folder).filter((file) => file.endsWith('.cpuprofile'));
  const profiles = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile);
  // Workers write their own; the main thread's is the largest.
  const main = profiles.toSorted((a, b) => b.nodes.length - a.nodes.length)[0]!;
  // Not quite all of it, so that nothing of the warm-up is in it.
  return selfTimes(main, (seconds - 0.5) * 1e6);
}
