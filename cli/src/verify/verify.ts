import type { ExternalConfig } from '../../../src/config/external-config.js';
import { CommandError, EXIT } from '../exit-codes.js';
import type { CallbackTarget } from './callback-target.js';
import type { CheckResult } from './check.js';
import { type CheckGroup, checkGroups } from './checks/checks.js';
import { earnedEntry } from './earned-entry.js';
import { Kit } from './kit.js';
import { PACE, type Pace } from './pace.js';
import { requireExternal } from './preflight.js';
import { type Report, reportOf } from './report/report.js';
import { restartBy } from './restart.js';
import { runChecks } from './runner.js';
import type { SandboxData } from './sandbox-data.js';
import { Session } from './session.js';

export interface VerifyOptions {
  /** As it was given, for the report. */
  readonly url: string;
  readonly external: ExternalConfig;
  readonly data: SandboxData;
  /** Closed at the end. A text says why there is none. */
  readonly callbacks: CallbackTarget | string;
  readonly restart?: string | undefined;
  /** Ids of checks and titles of groups; undefined: all. */
  readonly only?: readonly string[] | undefined;
  readonly strict: boolean;
  readonly signal: AbortSignal;
  readonly pace?: Pace;
  readonly onResult?: (result: CheckResult, done: number, all: number) => void;
}

/**
 * Checks an external as the gateway and as the target of its callbacks.
 * @throws CommandError where the options are not valid, or nothing at the URL can be checked
 */
export async function verify(options: VerifyOptions): Promise<Report> {
  const { callbacks } = options;
  try {
    return await verifyWith(options);
  } finally {
    if (typeof callbacks !== 'string') await callbacks.close();
  }
}

async function verifyWith({ pace = PACE, onResult = () => {}, ...options }: VerifyOptions): Promise<Report> {
  const { external, url, data, strict, only, restart, callbacks, signal } = options;
  const groups = chosen(checkGroups(data.currencies), only);
  const startedAt = performance.now();
  const kit: Kit = new Kit({
    external,
    data,
    pace,
    callbacks,
    signal,
    restart: restart === undefined ? undefined : () => restartBy(restart, () => answers(kit), signal),
  });
  try {
    await requireExternal(kit);
    const checks = groups.flatMap((group) => group.checks);
    const results = await runChecks(kit, checks, (result, done) => onResult(result, done, checks.length));
    return reportOf({
      url,
      strict,
      durationMs: performance.now() - startedAt,
      groups: groups.map(({ title, checks: own }) => ({
        title,
        results: results.filter(({ check }) => own.includes(check)),
      })),
      earned: earnedEntry(external.name, external.baseUrl, results),
    });
  } finally {
    await kit.close();
  }
}

function chosen(groups: readonly CheckGroup[], only: readonly string[] | undefined): readonly CheckGroup[] {
  if (!only) return groups;
  const isNamed = ({ title }: CheckGroup, id: string): boolean =>
    only.some((each) => each === id || each.toLowerCase() === title.toLowerCase());
  const left = groups
    .map((group) => ({ ...group, checks: group.checks.filter(({ id }) => isNamed(group, id)) }))
    .filter(({ checks }) => checks.length > 0);
  const known = groups.flatMap(({ title, checks }) => [title.toLowerCase(), ...checks.map(({ id }) => id)]);
  const unknown = only.find((each) => !known.includes(each) && !known.includes(each.toLowerCase()));
  if (unknown !== undefined)
    throw new CommandError(
      `--only: there is no check or group ${JSON.stringify(unknown)}; see --list`,
      EXIT.usage,
    );
  return left;
}

async function answers(kit: Kit): Promise<boolean> {
  const session = new Session(kit);
  try {
    const { outcome } = await session.status({ paymentId: session.newOrder() });
    return outcome.kind === 'rejected' || outcome.kind === 'completed';
  } finally {
    await session.close();
  }
}
