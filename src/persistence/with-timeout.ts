import { StorageUnavailable } from './store.js';

/** `answer`, or {@link StorageUnavailable} if it takes longer than `limitMs`. The work behind it continues. */
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
