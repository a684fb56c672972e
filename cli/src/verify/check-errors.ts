import type { Exchanged } from './recording-client.js';

/** The statement is false. */
export class CheckFailed extends Error {
  constructor(
    /** What came, as one line. */
    reason: string,
    /** The exchange that shows it. Default: the last one of the check. */
    readonly exchange?: Exchanged,
  ) {
    super(reason);
    this.name = 'CheckFailed';
  }
}

/** The external does not offer what the statement is about. */
export class NotOffered extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotOffered';
  }
}

/** Nothing can be said about the statement: something that it needs is missing. */
export class NotTried extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotTried';
  }
}
