/**
 * The signed callbacks that were processed, as long as their signatures are valid. Written with the inbox in one transaction,
 * so that a replay has no effect on any replica.
 */
export interface ProcessedCallbackTable {
  /** A digest of external and `webhook-id`. */
  key: string;
  /** The row may be deleted after this. */
  until: number;
}
