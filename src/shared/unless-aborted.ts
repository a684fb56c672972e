/**
 * Settles as `work` does, or as `late` does once `signal` aborts, whichever is first. The work continues, and its end
 * is ignored then; it is not started if `signal` is aborted already.
 */
export function unlessAborted<T>(signal: AbortSignal, work: () => Promise<T>, late: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    // An executor that throws rejects its promise.
    const end = (): void => resolve(new Promise<T>((settle) => settle(late())));
    if (signal.aborted) return end();
    signal.addEventListener('abort', end, { once: true });
    void work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', end));
  });
}
