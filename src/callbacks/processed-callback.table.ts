/**
 * The signed callbacks that were taken, as long as their signatures are valid: written together with the inbox, so that
 * one that comes again has no effect, whichever replica it comes to.
 */
export interface ProcessedCallbackTable {
  /** A digest of external and `webhook-id`. */
  key: string;
  /** Whoever looks after this may forget it. */
  until: number;
}
