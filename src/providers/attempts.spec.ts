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
const rejected: Rejected = { kind: 'rejected', reason: 'refused', status: 422, detail: undefined };

const ENDS: readonly End[] = [
  completed,
  rejected,
  notExecuted('connection-failed'),
  notExecuted('not-supported'),
  notExecuted('credentials-refused'),
  notExecuted('throttled'),
  unknown('timeout'),
  unknown('cut-off'),
  unknown('server-error', 302),
  unknown('server-error', 409),
  unknown('server-error', 500),
  unknown('invalid-answer', 200),
];

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

  it('says nothing certain after a doubt but the answer itself', async () => {
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

  it('sends nothing after the deadline', async () => {
    const deadline = new AbortController();
    const call = new ScriptedCall([notExecuted('connection-failed'), completed]);
    const running = attemptChange(call, deadline.signal, {
      timeoutMs: QUICK_MS,
      honoursIdempotencyKey: true,
    });
    deadline.abort();
    await running;
    expect(call.ended).toHaveLength(1);
  });
});

describe('attemptQuery', () => {
  const beside = (attempt: () => Promise<End>): Promise<End> => attempt();

  it('asks again after no connection, a cut or a 5xx, three times in all, and believes what else is said', async () => {
    await fc.assert(
      fc.asyncProperty(threeEnds, async (ends) => {
        const call = new ScriptedCall(ends);
        const end = await attemptQuery(call, never, QUICK_MS, beside);
        expect(end).toBe(call.ended.at(-1));
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

  it('rejects with an internal error', async () => {
    const call = new ScriptedCall([]);
    call.attempt = () => Promise.reject(new Error('internal'));
    await expect(attemptQuery(call, never, QUICK_MS, beside)).rejects.toThrow('internal');
  });
});
