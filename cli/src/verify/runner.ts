import { ExchangeBroken } from '../../../src/outbound/exchange.js';
import type { Check, CheckResult } from './check.js';
import { CheckFailed, NotOffered, NotTried } from './check-errors.js';
import type { Kit } from './kit.js';
import type { Exchanged } from './recording-client.js';
import { Session } from './session.js';

/** Checks that run beside each other; they share nothing but the external. */
const CONCURRENCY = 6;
/** So many checks that end without an answer, and none with one: the external hangs. */
const HANGING = 3;
/** Stops and starts the external, so it runs alone, at the end. */
const LAST = 'key-after-restart';
/** Everything else pays: it runs alone, at the beginning. */
const FIRST = 'pay';

/** Receives each result when it is known. */
export type OnResult = (result: CheckResult, done: number) => void;

/**
 * Runs checks beside each other, slow ones first, each failed one twice. Resolves with the results in the order of
 * `checks`. Where the external does not answer, the rest is not tried.
 */
export async function runChecks(
  kit: Kit,
  checks: readonly Check[],
  onResult: OnResult,
): Promise<CheckResult[]> {
  const results = new Map<Check, CheckResult>();
  let unanswered = 0;
  const isHanging = (): boolean => unanswered >= HANGING;
  const run = async (check: Check): Promise<void> => {
    const result = isHanging()
      ? notTried(check, 'the external does not answer any more')
      : await runTwice(kit, check);
    unanswered = isUnanswered(result) ? unanswered + 1 : isAnswered(result) ? 0 : unanswered;
    results.set(check, result);
    onResult(result, results.size);
  };

  const first = checks.find(({ id }) => id === FIRST);
  if (first) await run(first);
  if (first && isUnanswered(results.get(first)!)) unanswered = HANGING;
  const last = checks.find(({ id }) => id === LAST);
  const others = checks.filter((check) => check !== first && check !== last);
  const queue = others.toSorted((one, two) => Number(two.slow ?? false) - Number(one.slow ?? false));
  const lane = async (): Promise<void> => {
    for (let check = queue.shift(); check; check = queue.shift()) await run(check);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
  if (last) await run(last);
  return checks.map((check) => results.get(check)!);
}

/** A failure is repeated once: what passes then is flaky. */
async function runTwice(kit: Kit, check: Check): Promise<CheckResult> {
  const first = await runOnce(kit, check);
  if (first.verdict !== 'failed') return first;
  const { againMs } = kit.options.pace;
  await new Promise((resolve) => {
    setTimeout(resolve, againMs);
  });
  kit.options.signal.throwIfAborted();
  const second = await runOnce(kit, check);
  if (second.verdict === 'failed') return second;
  return {
    ...first,
    verdict: 'flaky',
    reason: `${first.reason}; repeated: ${second.reason ?? 'passed'}`,
    wrongAnswer: !isBroken(first.exchange),
  };
}

async function runOnce(kit: Kit, check: Check): Promise<CheckResult> {
  const session = new Session(kit);
  const startedAt = performance.now();
  const ended = (rest: Omit<CheckResult, 'check' | 'durationMs'>): CheckResult => ({
    check,
    ...rest,
    durationMs: Math.round(performance.now() - startedAt),
  });
  try {
    await check.run(session);
    return ended({ verdict: 'passed' });
  } catch (error) {
    kit.options.signal.throwIfAborted();
    if (error instanceof NotOffered) return ended({ verdict: 'not-offered', reason: error.message });
    if (error instanceof NotTried) return ended({ verdict: 'not-tried', reason: error.message });
    if (!(error instanceof CheckFailed)) throw error;
    const exchange = error.exchange ?? session.exchanges.at(-1);
    return ended({ verdict: 'failed', reason: error.message, exchange });
  } finally {
    await session.close();
  }
}

function notTried(check: Check, reason: string): CheckResult {
  return { check, verdict: 'not-tried', reason, durationMs: 0 };
}

function isBroken(exchange: Exchanged | undefined): boolean {
  return exchange?.end instanceof ExchangeBroken;
}

function isUnanswered({ verdict, exchange }: CheckResult): boolean {
  return verdict === 'failed' && isBroken(exchange);
}

function isAnswered({ verdict }: CheckResult): boolean {
  return verdict === 'passed' || verdict === 'failed';
}
