import type { ExternalBook } from './external-book.js';

/** In the `providerData` of every payment; never stored. */
export const CANARY = 'canary-4f1d';

/** What a caller knows of one operation with a key, in the end. */
export interface Told {
  readonly external: string;
  /** Undefined: it was sent without one. */
  readonly key: string | undefined;
  readonly path: string;
  readonly order: string;
  readonly answer:
    { readonly result?: string; readonly outcome?: string; readonly code?: string } | undefined;
}

export interface Received {
  readonly receiver: string;
  readonly id: string;
  readonly version: number;
}

export interface Violation {
  readonly invariant: string;
  readonly detail: string;
}

export interface History {
  readonly digest: string;
  readonly violations: readonly Violation[];
  /** How often something happened. */
  readonly counts: Readonly<Record<string, number>>;
  /** Steps and faults, by name, in order. */
  readonly happened: readonly string[];
  readonly operations: number;
  /** Empty unless recorded. */
  readonly trace: readonly string[];
}

/** What the invariants compare. */
export interface Audited {
  readonly books: readonly ExternalBook[];
  readonly told: readonly Told[];
  /** Only what was acknowledged, in the order of arrival. */
  readonly received: readonly Received[];
  /** Orders about which an operator has recorded something wrong for a while. */
  readonly misrecorded: ReadonlySet<string>;
  /** Rows of the ledger. */
  query<T>(text: string): Promise<T[]>;
}
