/** Time limits of deliveries; tests provide shorter ones. */
export abstract class DeliveryLimits {
  /** From the connection to the last byte of the answer (SPEC §5). */
  abstract readonly deadlineMs: number;
  /** When the gateway stops, attempts on the wire may end within this time; then they are aborted and handed back. */
  abstract readonly stopGraceMs: number;
  /** How long a claimed notification waits for its place on the wire; a newer one of its subject waits as long. */
  abstract readonly placeWaitMs: number;
  /** A connection older than this serves no further delivery: the receiver's name may have another address by now. */
  abstract readonly maxConnectionAgeMs: number;
}

export const DELIVERY_LIMITS: DeliveryLimits = {
  deadlineMs: 10_000,
  stopGraceMs: 5_000,
  placeWaitMs: 1_000,
  maxConnectionAgeMs: 300_000,
};
