/**
 * - `wrong`: payments or notifications fail, or the gateway does not start.
 * - `soon`: it will be wrong, or is left over.
 * - `risk`: allowed, and rarely meant.
 */
export type FindingLevel = 'wrong' | 'soon' | 'risk';

/** One thing that an operator should change. Secrets are masked. */
export interface Finding {
  readonly level: FindingLevel;
  /** What it is about: `environment`, `database`, `external acme`, `receiver erp`, `issuer`, or a file. */
  readonly subject: string;
  readonly problem: string;
  /** How to mend it. */
  readonly remedy: string;
}

/** What a certificate or secret needs time for before it ends. */
export const SOON_DAYS = 30;

const DAY_MS = 86_400_000;

/** A date as `2026-11-28`, with the days from now. */
export function inDays(atMs: number, nowMs: number): string {
  const days = Math.trunc((atMs - nowMs) / DAY_MS);
  const count = `${Math.abs(days)} ${Math.abs(days) === 1 ? 'day' : 'days'}`;
  const date = new Date(atMs).toISOString().slice(0, 10);
  return atMs <= nowMs ? `${date}, ${count} ago` : `${date}, in ${count}`;
}

/** The level of something that ends at `atMs`; undefined where there is time. */
export function expiryLevel(atMs: number, nowMs: number): 'wrong' | 'soon' | undefined {
  if (atMs <= nowMs) return 'wrong';
  return atMs - nowMs < SOON_DAYS * DAY_MS ? 'soon' : undefined;
}
