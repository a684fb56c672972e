/** How long things may take; tests, which do not wait, provide their own. */
export abstract class DeliveryLimits {
  /** From the connection to the last byte of the answer (SPEC §5). */
  abstract readonly deadlineMs: number;
  /** What is on the wire when the gateway stops may end within this time, and is then broken off and handed back. */
  abstract readonly stopGraceMs: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = { deadlineMs: 10_000, stopGraceMs: 5_000 };
