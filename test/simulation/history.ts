import type { ExternalBook } from './external-book.js';

/** In the `providerData` of every payment; never stored. */
export const CANARY = 'canary-4f1d';

/** What a caller knows of one operation with a key, in the end. */
export interface Told {
  readonly external: string;
  readonly key: string;
  readonly path: string;
  readonly order: string;
  readonly answer:
    { readonly result?: string; readonly outcome?: string; readonly code?: string } | undefined;
}

export interface Received {
  readonly id: string;
  readonly version: number;
  readonly status: string;
}

export interface History {
  readonly digest: string;
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** What the invariants compare. */
export interface Audited {
  readonly books: readonly ExternalBook[];
  readonly told: readonly Told[];
  /** By subject; only what was acknowledged, in the order of arrival. */
  readonly received: ReadonlyMap<string, readonly Received[]>;
  /** Rows of the ledger. */
  query<T>(text: string): Promise<T[]>;
}
