import type { CheckReport, Report } from './report.js';

/** The report as JUnit XML, for CI. What was not tried or not offered is skipped; what does not fail the run too. */
export function junitOf({ url, checks, durationMs }: Report): string {
  const failures = checks.filter(({ failsRun }) => failsRun).length;
  const skipped = checks.filter(({ verdict, failsRun }) => verdict !== 'passed' && !failsRun).length;
  const attributes = attributesOf({
    name: `tollgate verify ${url}`,
    tests: checks.length,
    failures,
    errors: 0,
    skipped,
    time: seconds(durationMs),
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${attributes}>`,
    ...checks.map(caseOf),
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

/** A suite for a run that could try nothing: CI must not take a missing file for success. */
export function junitOfError(url: string, message: string): string {
  const attributes = attributesOf({
    name: `tollgate verify ${url}`,
    tests: 1,
    failures: 0,
    errors: 1,
    skipped: 0,
  });
  const testcase = attributesOf({
    classname: 'Connection',
    name: 'the external can be checked',
    time: '0.000',
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    `  <testsuite ${attributes}>`,
    `    <testcase ${testcase}><error ${attributesOf({ message })}/></testcase>`,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');
}

function caseOf(check: CheckReport): string {
  const { id, group, title, verdict, reason = '', exchange, mend, failsRun, durationMs } = check;
  const attributes = attributesOf({ classname: group, name: `${id}: ${title}`, time: seconds(durationMs) });
  if (verdict === 'passed') return `    <testcase ${attributes}/>`;
  const message = attributesOf({ message: failsRun ? reason : `${verdict.replace('-', ' ')}: ${reason}` });
  const lines = [
    ...(exchange ? [`sent: ${exchange.sent}`, `came: ${exchange.came}`] : []),
    ...(mend ? [`mend: ${mend}`] : []),
  ];
  const inside = failsRun
    ? `<failure ${message}>${escaped(lines.join('\n'))}</failure>`
    : `<skipped ${message}/>`;
  return `    <testcase ${attributes}>${inside}</testcase>`;
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(3);
}

function attributesOf(attributes: Readonly<Record<string, string | number>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${escaped(String(value))}"`)
    .join(' ');
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, '�');
}
