/** The clocks of a gateway and of the command that archives may differ by this much. */
export const SNAPSHOT_MARGIN_MS = 60_000;
