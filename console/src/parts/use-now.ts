import { useEffect, useState } from 'react';

const STEP_MS = 10_000;

/** The time now, in milliseconds since the epoch; changes every ten seconds. */
export function useNow(): number {
  const [now, setNow] = useState(() => new Date().getTime());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date().getTime()), STEP_MS);
    return () => clearInterval(timer);
  }, []);
  return now;
}
