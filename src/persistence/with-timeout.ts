import { unlessAborted } from '../shared/unless-aborted.js';
import { StorageUnavailable } from './store.js';

/** `answer`, or {@link StorageUnavailable} if it takes longer than `limitMs`. The work behind it continues. */
export function withTimeout<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  return unlessAborted(
    AbortSignal.timeout(limitMs),
    () => answer,
    () => {
      throw new StorageUnavailable('the database does not answer in time', 'not-committed');
    },
  );
}
