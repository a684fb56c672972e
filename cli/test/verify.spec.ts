import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it } from '@jest/globals';
import { startSimulator } from '@tollgate/simulator';
import { parseExternals } from '../../src/config/externals-file.js';
import { SystemClock } from '../../src/shared/clock.js';
import { CallbackTarget } from '../src/verify/callback-target.js';
import type { Pace } from '../src/verify/pace.js';
import type { CheckReport, Report } from '../src/verify/report/report.js';
import { parseSandboxData, SIMULATOR_DATA, type SandboxData } from '../src/verify/sandbox-data.js';
import { externalOf } from '../src/verify/set-up.js';
import { verify } from '../src/verify/verify.js';
import { CALLBACK_RETRY_MS, type Fault, startReferenceExternal } from './reference-external.js';

/** Waits end with what they wait for: long ones cost nothing, and let a busy machine be slow. */
const PACE: Pace = {
  settleMs: 15_000,
  callbackMs: 15_000,
  retryMs: 20_000,
  silenceMs: 300,
  pollMs: 20,
  idleMs: 300,
  againMs: 1,
};

const WISHES = {
  declined: { providerData: { wish: 'DECLINED' } },
  pending: { providerData: { wish: 'PENDING' } },
  redirect: { providerData: { wish: 'REDIRECT' } },
  slow: { providerData: { wish: 'SLOW' } },
};

/** For an external that never repeats a callback. */
const BRIEF: Pace = { ...PACE, retryMs: 1_000 };

/** [fault, the checks that have to fail, and no others] */
const MUTANTS: readonly (readonly [Fault, readonly string[]])[] = [
  ['executes-at-once', ['key-at-once', 'key-while-slow']],
  ['key-of-another-body', ['key-other-body', 'key-other-data']],
  ['key-of-other-data', ['key-other-data']],
  ['key-of-every-path', ['key-other-path']],
  ['refund-ignores-keys', ['key-refund', 'key-after-cut']],
  ['key-lost-by-cut', ['key-after-cut']],
  ['pending-is-unknown', ['pending', 'redirect']],
  ['decimal-amounts', ['refund-status']],
  ['two-decimals', ['minor-units-kwd', 'minor-units-clf']],
  ['callback-before-commit', ['callback-after-commit']],
  ['callback-once', ['callback-retry-503', 'callback-retry-302', 'callback-retry-timeout']],
  ['refund-clamped', ['refund-over-rest', 'refund-raced']],
  ['refunds-race', ['refund-raced']],
  ['latin-1', ['unicode-order', 'order-unicode']],
  ['amount-optional', ['refuses-amount']],
  ['cancels-paid', ['cancel-paid']],
  ['order-by-luck', ['order-newest']],
  ['normalises-ids', ['unicode-order', 'order-unicode', 'order-distinct']],
  ['folds-case', ['unicode-order', 'order-unicode', 'order-distinct']],
  ['trims-ids', ['unicode-order', 'order-distinct']],
  ['cuts-ids', ['long-order', 'order-distinct']],
  ['ids-as-numbers', ['numeric-order']],
  ['amounts-of-32-bits', ['large-amount']],
  ['refunded-is-failed', ['refund-keeps-payment']],
  ['settles-canceled', ['cancel-holds']],
];

const openCallbacks = (): Promise<CallbackTarget> =>
  CallbackTarget.open({
    host: '127.0.0.1',
    port: 0,
    auth: { type: 'none' },
    clock: new SystemClock(),
    silenceMs: PACE.silenceMs,
  });

function run(
  url: string,
  callbacks: CallbackTarget,
  data: SandboxData,
  options: Partial<Parameters<typeof verify>[0]> = {},
): Promise<Report> {
  return verify({
    url,
    external: externalOf({ url, name: 'acme' }),
    data,
    callbacks,
    strict: false,
    signal: new AbortController().signal,
    pace: PACE,
    ...options,
  });
}

/** Runs the kit against the reference external with a fault. */
async function reportOn(fault?: Fault, options: Partial<Parameters<typeof verify>[0]> = {}): Promise<Report> {
  const callbacks = await openCallbacks();
  const external = await startReferenceExternal(() => `${callbacks.origin}/v3/acme/callback`, fault);
  try {
    return await run(external.url, callbacks, parseSandboxData(WISHES, 'data'), options);
  } finally {
    await external.close();
  }
}

const ids = ({ checks }: Report, ...verdicts: readonly CheckReport['verdict'][]): string[] =>
  checks.filter(({ verdict }) => verdicts.includes(verdict)).map(({ id }) => id);

/** What failed, with the reasons, for the message of a test. */
const failures = (report: Report): string[] =>
  report.checks
    .filter(({ verdict }) => verdict === 'failed' || verdict === 'flaky')
    .map(({ id, reason }) => `${id}: ${reason}`);

const SUBSCRIPTIONS = ['start', 'schedule', 'pay', 'update', 'expire', 'unknown'].map(
  (name) => `subscription-${name}`,
);

describe('the conformance kit', () => {
  it('passes a right external in all that it offers, and prints the entry that it has earned', async () => {
    const report = await reportOn();
    expect(failures(report)).toEqual([]);
    expect(report.passed).toBe(true);
    expect(ids(report, 'not-offered')).toEqual(['pay-by-link', ...SUBSCRIPTIONS]);
    expect(ids(report, 'not-tried')).toEqual(['pay-metadata', 'callback-credentials', 'key-after-restart']);
    expect(report.entry).toEqual({
      externalService: 'acme',
      baseUrl: report.url,
      operations: {
        'pay-by-link': false,
        'refund/status': true,
        cancel: true,
        'subscription/schedule': false,
        'subscription/start': false,
        'subscription/pay': false,
        'subscription/update': false,
        'subscription/status': false,
        'subscription/expire': false,
      },
      honoursIdempotencyKey: true,
      statusByShopTransactionId: true,
    });
    const file = JSON.stringify({ externalServices: [report.entry] });
    expect(parseExternals(file, { enabled: undefined, env: {}, readFile: () => '' })).toHaveLength(1);
  });

  it.each(MUTANTS)(
    'catches %s by %p and no other check',
    async (fault, expected) => {
      const report = await reportOn(fault, { pace: fault === 'callback-once' ? BRIEF : PACE });
      expect(failures(report).map((line) => line.split(':')[0])).toEqual(
        expect.arrayContaining([...expected]),
      );
      expect(ids(report, 'failed', 'flaky').toSorted()).toEqual([...expected].toSorted());
      const found = report.checks.filter(({ verdict }) => verdict === 'failed');
      for (const { reason, mend, spec } of found) {
        expect(reason).toMatch(new RegExp(`^${spec}: .{10,}$`));
        expect(mend).toMatch(/\.$/);
      }
    },
    60_000,
  );

  it('earns no capability that is broken', async () => {
    const { entry, remarks } = await reportOn('key-of-another-body');
    expect(entry).not.toHaveProperty('honoursIdempotencyKey');
    expect(entry).toHaveProperty('statusByShopTransactionId', true);
    expect(remarks).toContain('honoursIdempotencyKey is not earned: key-other-body, key-other-data');
  });

  it('passes the simulator in all that it offers', async () => {
    const callbacks = await openCallbacks();
    const simulator = await startSimulator({
      port: 0,
      callbackUrl: `${callbacks.origin}/v3/simulator/callback`,
      callbackRetryMs: CALLBACK_RETRY_MS,
    });
    try {
      const report = await run(simulator.url, callbacks, SIMULATOR_DATA);
      expect(failures(report)).toEqual([]);
      expect(ids(report, 'not-offered')).toEqual([]);
      expect(ids(report, 'not-tried')).toEqual(['pay-metadata', 'callback-credentials', 'key-after-restart']);
    } finally {
      await simulator.close();
    }
  });

  it('passes the sample of docs/writing-an-external.md in all that it offers', async () => {
    const callbacks = await openCallbacks();
    const folder = mkdtempSync(join(tmpdir(), 'tollgate-sample-'));
    const [, source] = readFileSync('docs/writing-an-external.md', 'utf8').match(/^```js\n([^]*?)^```$/m)!;
    writeFileSync(join(folder, 'minimal-external.mjs'), source!);
    const sample = spawn(process.execPath, ['minimal-external.mjs'], {
      cwd: folder,
      env: { PORT: '0', CALLBACK_URL: `${callbacks.origin}/v3/minimal/callback` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    try {
      const [line] = (await once(createInterface(sample.stdout), 'line')) as [string];
      const data = parseSandboxData(
        { declined: { providerData: { wish: 'FAILED' } }, pending: { providerData: { wish: 'PENDING' } } },
        'data',
      );
      const report = await run(`http://127.0.0.1:${/\d+$/.exec(line)![0]}`, callbacks, data);
      expect(failures(report)).toEqual([]);
      expect(report.entry).toMatchObject({ honoursIdempotencyKey: true, statusByShopTransactionId: true });
    } finally {
      sample.kill();
      rmSync(folder, { recursive: true });
    }
  });
});
