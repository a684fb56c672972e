/** How an operation is sent to an external, and what its answer can mean. */
export interface OperationTraits {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly changesState: boolean;
  /** The payment ledger refuses a second payment of the same order, also long after the first. */
  readonly createsPayment: boolean;
  /** What is missing when the external answers 404 with a JSON object. */
  readonly subject: 'payment' | 'subscription' | 'none';
}

/**
 * The operations that an external executes, by their path below the prefix: also the keys of `operations` in the
 * externals file (SPEC §2, §6).
 */
export const OPERATIONS = {
  pay: { method: 'POST', changesState: true, createsPayment: true, subject: 'none' },
  'pay-by-link': { method: 'POST', changesState: true, createsPayment: true, subject: 'none' },
  refund: { method: 'POST', changesState: true, createsPayment: false, subject: 'payment' },
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
export type ChangingOperation = Exclude<OperationName, 'status' | 'subscription/status'>;

export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly OperationName[];
