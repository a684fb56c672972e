/**
 * The operations that an external executes, by their path below the prefix: the keys of `operations` in the externals
 * file (SPEC §2, §6). They are here because `config` reads them and imports no feature.
 */
export const OPERATION_NAMES = [
  'pay',
  'pay-by-link',
  'refund',
  'status',
  'subscription/schedule',
  'subscription/start',
  'subscription/pay',
  'subscription/update',
  'subscription/status',
  'subscription/expire',
] as const;

export type OperationName = (typeof OPERATION_NAMES)[number];
