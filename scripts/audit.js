/**
 * Runs `npm audit --omit=dev`. Exits with 1 for an advisory of any severity, and with 75 (sysexits.h, EX_TEMPFAIL) if the
 * registry returned no advisories, as mirrors do: nothing was checked then.
 */
import { spawnSync } from 'node:child_process';

const NOT_CHECKED = 75;

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
const report = parse(stdout);

if (report?.metadata?.vulnerabilities === undefined) {
  const why = report?.message ?? report?.error?.summary ?? stderr.trim().split('\n').at(-1) ?? 'no answer';
  console.log(`NOT CHECKED: the registry did not return advisories (${why}).`);
  process.exitCode = NOT_CHECKED;
} else {
  const { total } = report.metadata.vulnerabilities;
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) {
    console.log(`${severity}: ${name} ${range}`);
  }
  console.log(`${total} found.`);
  if (total > 0) process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
