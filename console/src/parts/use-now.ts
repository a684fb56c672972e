import { useSyncExternalStore } from 'react';

const STEP_MS = 1_000;

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** One timer for all times of the page. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((each) => each()), STEP_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

const seconds = (): number => Math.floor(Date.now() / STEP_MS) * STEP_MS;

/** The time now to the second, in milliseconds since the epoch; changes every second. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, seconds);
}
