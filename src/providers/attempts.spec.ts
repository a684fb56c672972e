import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attemptChange, attemptQuery, MAX_ATTEMPTS, type Call } from './attempts.js';
import type { NotExecuted, ProviderOutcome, Rejected, Unknown } from './provider-outcome.js';

type End = ProviderOutcome<string>;

const completed: End = { kind: 'completed', answer: 'x' };
const notExecuted = (reason: NotExecuted['reason']): NotExecuted => ({
  kind: 'not-executed',
  reason,
  detail: '',
  retryAfterMs: undefined,
});
const unknown = (reason: Unknown['reason'], status?: number): Unknown => ({
  kind: 'unknown',
  reason,
  detail: '',
  ...(status !== undefined && { status }),
});
const rejected: Rejected = {
  kind: 'rejected',
  reason: 'refused',
  status: 422,
  detail: 'The external refused the request.',
};

const noConnection = notExecuted('connection-failed');
/** Ends that the next attempt may not have (SPEC §7). */
const TRANSIENT: readonly End[] = [
  unknown('cut-off'),
  unknown('server-error', 408),
  unknown('server-error', 409),
  unknown('server-error', 425),
  unknown('server-error', 500),
];
const ENDS: readonly End[] = [
  completed,
  rejected,
  noConnection,
  ...TRANSIENT,
  notExecuted('not-supported'),
  notExecuted('credentials-refused'),
  notExecuted('throttled'),
  unknown('timeout'),
  unknown('server-error', 302),
  unknown('invalid-answer', 200),
];

/** How many of `ends` are reached where an attempt follows each of `repeated` and nothing else. */
function attemptsUntilFinal(ends: readonly End[], repeated: readonly End[]): number {
  const final = ends.findIndex((end) => !repeated.includes(end));
  return final === -1 ? ends.length : final + 1;
}

/** A call whose attempts end as listed, one after the other. */
class ScriptedCall implements Call<string> {
  readonly changesState = true;
  readonly background = false;
  readonly ended: End[] = [];
  superseded = 0;

  constructor(private readonly ends: readonly End[]) {}

  attempt(number: number): Promise<End> {
    expect(number).toBe(this.ended.length + 1);
    const end = this.ends[this.ended.length]!;
    this.ended.push(end);
    return Promise.resolve(end);
  }

  supersede(): void {
    this.superseded += 1;
  }

  atDeadline(): End {
    return unknown('timeout');
  }
}

const QUICK_MS = 10;
const threeEnds = fc.tuple(fc.constantFrom(...ENDS), fc.constantFrom(...ENDS), fc.constantFrom(...ENDS));
const runs = { numRuns: 150 };
const never = new AbortController().signal;

describe('attemptChange', () => {
  it('sends again only after what did no harm, or with a key that is honoured', async () => {
    await fc.assert(
      fc.asyncProperty(threeEnds, fc.boolean(), async (ends, honoured) => {
        const call = new ScriptedCall(ends);
        await attemptChange(call, never, { timeoutMs: QUICK_MS, honoursIdempotencyKey: honoured });
        const repeated = honoured ? [noConnection, ...TRANSIENT] : [noConnection];
        expect(call.ended).toHaveLength(attemptsUntilFinal(ends, repeated));
        expect(call.ended.length).toBeLessThanOrEqual(MAX_ATTEMPTS);
        for (const before of call.ended.slice(0, -1)) {
          const nothingSent = before.kind === 'not-executed' && before.reason === 'connection-failed';
          expect(nothingSent || honoured).toBe(true);
          expect(before.kind).not.toBe('completed');
          expect(before).not.toBe(rejected);
        }
      }),
      runs,
    );
  });

  it('becomes certain after an unknown attempt only by an answer', async () => {
    await fc.assert(
      fc.asyncProperty(threeEnds, fc.boolean(), async (ends, honoured) => {
        const call = new ScriptedCall(ends);
        const end = await attemptChange(call, never, {
          timeoutMs: QUICK_MS,
          honoursIdempotencyKey: honoured,
        });
        const last = call.ended.at(-1)!;
        if (last.kind === 'completed') expect(end).toBe(last);
        else if (call.ended.some(({ kind }) => kind === 'unknown')) expect(end.kind).toBe('unknown');
        else expect(end).toBe(last);
      }),
      runs,
    );
  });

  it.each([
    ['no connection', noConnection, false],
    ['a cut, with a key that is honoured', TRANSIENT[0]!, true],
  ])('makes three attempts and no fourth after %s', async (_what, end, honoured) => {
    const call = new ScriptedCall([end, end, end, completed]);
    expect(await attemptChange(call, never, { timeoutMs: QUICK_MS, honoursIdempotencyKey: honoured })).toBe(
      end,
    );
    expect(call.ended).toHaveLength(3);
  });

  it('sends nothing after the deadline', async () => {
    const deadline = new AbortController();
    const call = new ScriptedCall([noConnection, completed]);
    const running = attemptChange(call, deadline.signal, {
      timeoutMs: QUICK_MS,
      honoursIdempotencyKey: true,
    });
    deadline.abort();
    expect(await running).toBe(noConnection);
    expect(call.ended).toHaveLength(1);
  });
});

describe('attemptQuery', () => {
  const beside = (attempt: () => Promise<End>): Promise<End> => attempt();

  it('repeats a query after no connection, a broken connection or a 5xx, up to three attempts, and accepts any other outcome', async () => {
    await fc.assert(
      fc.asyncProperty(threeEnds, async (ends) => {
        const call = new ScriptedCall(ends);
        const end = await attemptQuery(call, never, QUICK_MS, beside);
        expect(end).toBe(call.ended.at(-1));
        expect(call.ended).toHaveLength(attemptsUntilFinal(ends, [noConnection, ...TRANSIENT]));
        const repeats = call.ended.slice(0, -1);
        for (const before of repeats) {
          const reason = before.kind === 'completed' ? '' : before.reason;
          expect(['connection-failed', 'cut-off', 'server-error']).toContain(reason);
        }
        expect(repeats.length).toBeLessThan(MAX_ATTEMPTS);
      }),
      runs,
    );
  });

  it.each([noConnection, ...TRANSIENT])('makes three attempts and no fourth after %j', async (end) => {
    const call = new ScriptedCall([end, end, end, completed]);
    expect(await attemptQuery(call, never, QUICK_MS, beside)).toBe(end);
    expect(call.ended).toHaveLength(3);
  });

  it('rejects with an internal error', async () => {
    const call = new ScriptedCall([]);
    call.attempt = () => Promise.reject(new Error('internal'));
    await expect(attemptQuery(call, never, QUICK_MS, beside)).rejects.toThrow('internal');
  });
});
