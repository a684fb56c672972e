/** How an operation is sent to an external, and what its answer can mean. */
export interface OperationTraits {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly changesState: boolean;
  /** The payment ledger refuses a second payment of the same order, also long after the first. */
  readonly createsPayment: boolean;
  /** What is missing when the external answers 404 with a JSON object. */
  readonly subject: 'payment' | 'refund' | 'subscription' | 'none';
  /** The external offers it only if its configuration says `true` (SPEC §2). Default: unless it says `false`. */
  readonly optional?: true;
}

/**
 * The operations that an external executes, by their path below the prefix: also the keys of `operations` in the
 * externals file (SPEC §2, §6).
 */
export const OPERATIONS = {
  pay: { method: 'POST', changesState: true, createsPayment: true, subject: 'none' },
  'pay-by-link': { method: 'POST', changesState: true, createsPayment: true, subject: 'none' },
  refund: { method: 'POST', changesState: true, createsPayment: false, subject: 'payment' },
  'refund/status': {
    method: 'GET',
    changesState: false,
    createsPayment: false,
    subject: 'refund',
    optional: true,
  },
  cancel: {
    method: 'POST',
    changesState: true,
    createsPayment: false,
    subject: 'payment',
    optional: true,
  },
  status: { method: 'GET', changesState: false, createsPayment: false, subject: 'payment' },
  'subscription/schedule': { method: 'POST', changesState: true, createsPayment: true, subject: 'none' },
  'subscription/start': { method: 'POST', changesState: true, createsPayment: true, subject: 'none' },
  'subscription/pay': { method: 'POST', changesState: true, createsPayment: true, subject: 'subscription' },
  'subscription/update': {
    method: 'POST',
    changesState: true,
    createsPayment: false,
    subject: 'subscription',
  },
  'subscription/status': {
    method: 'GET',
    changesState: false,
    createsPayment: false,
    subject: 'subscription',
  },
  'subscription/expire': {
    method: 'DELETE',
    changesState: true,
    createsPayment: false,
    subject: 'subscription',
  },
} as const satisfies Readonly<Record<string, OperationTraits>>;

export type OperationName = keyof typeof OPERATIONS;

/** Operations that may move money or change a subscription. They run only through `operations`, write-ahead. */
export type ChangingOperation = Exclude<OperationName, 'refund/status' | 'status' | 'subscription/status'>;

export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly OperationName[];

/** Whether the configuration of an external offers `operation`. */
export function isOffered(
  { operations }: { readonly operations: Readonly<Partial<Record<string, boolean>>> },
  operation: OperationName,
): boolean {
  const traits: OperationTraits = OPERATIONS[operation];
  return operations[operation] ?? traits.optional !== true;
}
