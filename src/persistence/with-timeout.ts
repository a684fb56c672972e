import { StorageUnavailable } from './store.js';

/** `answer`, or {@link StorageUnavailable} when it does not come within `limitMs`. Nobody waits for it any longer, but it goes on. */
export async function withTimeout<T>(answer: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new StorageUnavailable('the database does not answer in time', 'not-committed');
    timer = setTimeout(() => reject(error), limitMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
