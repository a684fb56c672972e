/**
 * What Tollgate costs, beside what one would write instead.
 *
 *     npm run bench                     all parts but the two long ones, memory and growth
 *     npm run bench -- PART             one of comparison, open-loop, start-up, drain, postgres, replicas, profile,
 *                                       memory, growth
 *     npm run bench:quick               the two ratios that matter most, within 90 s, printed only
 *     npm run bench -- versus DIR       this build and that of another checkout in turns, printed only
 *
 * A part writes its section of docs/performance.md. With `--rounds N`, `--seconds N`, `--warm-up SECONDS` or `--count
 * N` a run is a trial: it is printed and not written.
 */
import { BenchRun } from './bench-run.js';
import { readCommandLine } from './command-line.js';
import { type Part, PART_NAMES, type PartName, say } from './part.js';
import { comparison, quick } from './parts/comparison.js';
import { drain } from './parts/drain.js';
import { growth } from './parts/growth.js';
import { memory } from './parts/memory.js';
import { addedLatency } from './parts/open-loop.js';
import { postgres } from './parts/postgres.js';
import { profile } from './parts/profile.js';
import { replicas } from './parts/replicas.js';
import { startUp } from './parts/start-up.js';
import { versus } from './parts/versus.js';
import { formatted, writeSection } from './report/document.js';
import { targetTable } from './report/markdown.js';
import { provenance } from './report/provenance.js';

const PARTS: Readonly<Record<PartName, Part>> = {
  comparison,
  'open-loop': addedLatency,
  'start-up': startUp,
  drain,
  postgres,
  replicas,
  profile,
  memory,
  growth,
};

/** They take as long as all the others. */
const LONG: readonly PartName[] = ['memory', 'growth'];

const { part, checkout, options, command } = readCommandLine(process.argv.slice(2));
const isTrial = Object.values(options).some((value) => value !== undefined);

if (part === 'quick') {
  console.log(await formatted(await BenchRun.with((run) => quick(run, options))));
} else if (part === 'versus') {
  console.log(await formatted(await BenchRun.with((run) => versus(run, checkout!, options, command))));
} else if (part === 'all') {
  for (const name of PART_NAMES) if (!LONG.includes(name)) await report(name);
} else {
  await report(part);
}

async function report(name: PartName): Promise<void> {
  say(`\n=== ${name}`);
  const section = await BenchRun.with(async (run) => {
    const findings = await PARTS[name](run, options);
    if (!findings) return undefined;
    const targets = findings.targets.length > 0 ? [targetTable(findings.targets)] : [];
    return [findings.markdown, ...targets, provenance(command, run)].join('\n\n');
  });
  if (section === undefined) return;
  console.log(await formatted(section));
  if (!isTrial) await writeSection(name, section);
}
