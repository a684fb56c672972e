/**
 * Paths that orchestrators and Prometheus request: answered also while the gateway is overloaded or shuts down, and
 * without a line in the log. Matches with or without a query.
 */
export const OPERATING_PATH = /^\/(?:health|metrics)(?:[/?]|$)/;
