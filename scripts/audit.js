/**
 * `npm audit --omit=dev`, with a registry that cannot be asked told apart from a finding: the first is said, the second,
 * however low, ends with exit code 1.
 */
import { spawnSync } from 'node:child_process';

const { stdout, stderr } = spawnSync('npm', ['audit', '--omit=dev', '--json'], { encoding: 'utf8' });
const report = parse(stdout);

if (report?.metadata?.vulnerabilities === undefined) {
  const why = report?.message ?? report?.error?.summary ?? stderr.trim().split('\n').at(-1) ?? 'no answer';
  console.log(`NOT CHECKED: the registry could not be asked for advisories (${why}).`);
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
