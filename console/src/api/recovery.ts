import { TollgateError } from '@tollgate/client';

const RECOVERY_MS = 10_000;
/** The same request fails again; after a 401 the sign-in sends everything again. */
const LASTING: ReadonlySet<number | undefined> = new Set([400, 401, 404, 422]);

/** How long after a failure the console sends a query again by itself; false: never. */
export function recoveryMs(error: unknown): number | false {
  if (!(error instanceof TollgateError)) return RECOVERY_MS;
  const { status, retryAfterMs } = error;
  if (LASTING.has(status)) return false;
  return Math.max(1_000, retryAfterMs ?? RECOVERY_MS);
}
