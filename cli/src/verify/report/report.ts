import type { CheckResult, Level, Verdict } from '../check.js';
import type { Earned } from '../earned-entry.js';
import { type ExchangeText, exchangeText } from './exchange-text.js';

export interface CheckReport {
  readonly id: string;
  readonly group: string;
  readonly level: Level;
  readonly title: string;
  readonly spec: string;
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** One line, where it did not pass. */
  readonly reason?: string;
  /** What was sent and what came, where it failed. */
  readonly exchange?: ExchangeText;
  readonly mend?: string;
  /** Whether it fails the run. */
  readonly failsRun: boolean;
}

/** The result of `tollgate verify`: `--json` prints it, and the other forms are made of it. */
export interface Report {
  readonly url: string;
  readonly durationMs: number;
  readonly passed: boolean;
  readonly counts: Readonly<Record<Verdict, number>>;
  readonly checks: readonly CheckReport[];
  /** For the array `externalServices` of the externals file. */
  readonly entry: Earned['entry'];
  readonly remarks: readonly string[];
}

export interface ReportParts {
  readonly url: string;
  readonly durationMs: number;
  /** `--strict`: failures of level `should` and flaky checks fail the run too. */
  readonly strict: boolean;
  readonly groups: readonly { readonly title: string; readonly results: readonly CheckResult[] }[];
  readonly earned: Earned;
}

export function reportOf({ url, durationMs, strict, groups, earned }: ReportParts): Report {
  const checks = groups.flatMap(({ title, results }) =>
    results.map((result) => checkReport(title, result, strict)),
  );
  const count = (verdict: Verdict): number => checks.filter((check) => check.verdict === verdict).length;
  return {
    url,
    durationMs: Math.round(durationMs),
    passed: checks.every(({ failsRun }) => !failsRun),
    counts: {
      passed: count('passed'),
      failed: count('failed'),
      flaky: count('flaky'),
      'not-offered': count('not-offered'),
      'not-tried': count('not-tried'),
    },
    checks,
    ...earned,
  };
}

function checkReport(group: string, result: CheckResult, strict: boolean): CheckReport {
  const { check, verdict, reason, exchange, durationMs } = result;
  const { id, level, title, spec, mend } = check;
  const isFailure = verdict === 'failed' || verdict === 'flaky';
  return {
    id,
    group,
    level,
    title,
    spec,
    verdict,
    durationMs,
    ...(reason !== undefined && { reason: `${spec}: ${reason}` }),
    ...(isFailure && { mend, ...(exchange && { exchange: exchangeText(exchange) }) }),
    failsRun:
      isFailure && (strict || (level !== 'should' && (verdict === 'failed' || result.wrongAnswer === true))),
  };
}
