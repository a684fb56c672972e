import { describe, expect, it } from '@jest/globals';
import { unlessAborted } from './unless-aborted.js';

const never = (): Promise<string> => new Promise(() => {});

describe('unlessAborted', () => {
  it('settles as the work does', async () => {
    const { signal } = new AbortController();
    const failure = new Error('failed');
    expect(
      await unlessAborted(
        signal,
        () => Promise.resolve('done'),
        () => 'late',
      ),
    ).toBe('done');
    await expect(
      unlessAborted(
        signal,
        () => Promise.reject(failure),
        () => 'late',
      ),
    ).rejects.toBe(failure);
  });

  it('settles as late does once the signal aborts', async () => {
    const deadline = new AbortController();
    const late = unlessAborted(deadline.signal, never, () => 'late');
    const failed = unlessAborted(deadline.signal, never, () => {
      throw new Error('too late');
    });
    deadline.abort();
    expect(await late).toBe('late');
    await expect(failed).rejects.toThrow('too late');
  });

  it('does not start the work after the signal aborted', async () => {
    let started = false;
    const work = (): Promise<string> => {
      started = true;
      return never();
    };
    expect(await unlessAborted(AbortSignal.abort(), work, () => 'late')).toBe('late');
    expect(started).toBe(false);
  });
});
