import type { Style } from '../../terminal.js';
import type { Verdict } from '../check.js';
import type { CheckReport, Report } from './report.js';

/** `text` in a style, where the terminal has colours. */
export type Paint = (style: Style, text: string) => string;

const MARKS: Readonly<Record<Verdict, readonly [mark: string, style: Style]>> = {
  passed: ['✓', 'green'],
  failed: ['✗', 'red'],
  flaky: ['≈', 'yellow'],
  'not-offered': ['–', 'dim'],
  'not-tried': ['·', 'dim'],
};

/** The report for people. */
export function textOf(report: Report, paint: Paint): string {
  const groups = new Map<string, CheckReport[]>();
  for (const check of report.checks) groups.set(check.group, [...(groups.get(check.group) ?? []), check]);
  return [
    ...[...groups].flatMap(([title, checks]) => [
      '',
      paint('bold', title),
      ...checks.flatMap((check) => linesOf(check, paint)),
    ]),
    '',
    paint('bold', 'Entry for the externals file'),
    ...JSON.stringify(report.entry, null, 2)
      .split('\n')
      .map((line) => `  ${line}`),
    ...report.remarks.map((remark) => `  ${paint('dim', `${remark}.`)}`),
    '',
    summary(report, paint),
  ].join('\n');
}

function linesOf({ id, level, title, verdict, reason, exchange, mend }: CheckReport, paint: Paint): string[] {
  const [plain, style] = MARKS[verdict];
  const isWarning = verdict === 'failed' && level === 'should';
  const mark = isWarning ? paint('yellow', '!') : paint(style, plain);
  const said = level === 'offers' ? '' : paint('dim', ` (${level})`);
  const head = `  ${mark} ${id}${said}  ${title}`;
  if (verdict === 'passed') return [head];
  if (verdict === 'not-offered' || verdict === 'not-tried')
    return [
      head,
      `      ${paint('dim', `${verdict === 'not-tried' ? 'not tried' : 'not offered'}: ${reason}`)}`,
    ];
  return [
    head,
    `      ${paint(isWarning || verdict === 'flaky' ? 'yellow' : 'red', `${verdict === 'flaky' ? 'flaky: ' : ''}${reason}`)}`,
    ...(exchange ? [`      sent  ${exchange.sent}`, `      came  ${exchange.came}`] : []),
    `      mend  ${mend}`,
  ];
}

function summary({ passed, counts, checks, durationMs }: Report, paint: Paint): string {
  const warnings = checks.filter(({ verdict, failsRun }) => verdict === 'failed' && !failsRun).length;
  const parts = [
    `${counts.passed} passed`,
    `${counts.failed - warnings} failed`,
    ...(warnings > 0 ? [`${warnings} should be mended`] : []),
    ...(counts.flaky > 0 ? [`${counts.flaky} flaky`] : []),
    `${counts['not-offered']} not offered`,
    `${counts['not-tried']} not tried`,
  ];
  const verdict = passed ? paint('green', 'What was tried is right') : paint('red', 'Not safe yet');
  return `${verdict}: ${parts.join(', ')}, in ${(durationMs / 1_000).toFixed(1)} s.`;
}
