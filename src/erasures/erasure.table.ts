/** What an operator has erased: no text that an external sends later is stored for it (SPEC §10). */
export interface ErasureTable {
  /** The payment, refund or subscription: `pay_…`, `ref_…`, `sub_…`. */
  subject_ref: string;
  at: number;
}

declare module '../persistence/database.js' {
  interface DatabaseSchema {
    erasures: ErasureTable;
  }
}
