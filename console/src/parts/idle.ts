/** How long what is not urgent waits at most, in milliseconds. */
const LATEST_MS = 5_000;

/** Resolves once the browser has answered what the operator did, and has nothing to draw. */
export function idle(): Promise<void> {
  return new Promise((resolve) => {
    // Not every browser has it.
    if (typeof requestIdleCallback === 'function')
      requestIdleCallback(() => resolve(), { timeout: LATEST_MS });
    else setTimeout(resolve, LATEST_MS);
  });
}
