import type { Selectable } from 'kysely';

/** The payments or refunds that were created in one hour, by their present state. */
export interface HourlyTotalTable {
  /** Hours since the epoch. */
  hour: number;
  subject: TotalSubject;
  /** Empty for payments whose currency the gateway does not know. */
  currency: string;
  state: string;
  items: number;
  /** The sum of their amounts, in minor units. */
  amount_minor: number;
}

export type TotalSubject = 'payment' | 'refund';

export type HourlyTotalRow = Selectable<HourlyTotalTable>;

export const HOUR_MS = 3_600_000;

export function hourOf(atMs: number): number {
  return Math.floor(atMs / HOUR_MS);
}

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    hourly_totals: HourlyTotalTable;
  }
}
