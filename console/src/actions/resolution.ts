import type { EventRecord } from '../api/records';

/**
 * The event of the resolution that stands, which a correction names: undefined if the present state is the external's. Of
 * the payment itself, or of one of its refunds.
 */
export function resolutionOf(events: readonly EventRecord[], refund?: string): string | undefined {
  const own = events.filter((event) => event.refund === refund);
  const setting = own.findLast(({ before, after }) => before !== after);
  return setting && isResolution(setting) ? own.findLast(isResolution)?.id : undefined;
}

/** The external’s answer to a refund that an operator ordered has the operation as its cause, and no name and reason. */
function isResolution({ source, cause }: EventRecord): boolean {
  return source === 'operator' && cause !== undefined && cause.includes(': ');
}
