import type { OperationName } from '../config/operation-name.js';

export type { OperationName };

/** Those that may move money or change a subscription: they run through `operations`, write-ahead, and nowhere else. */
export type ChangingOperation = Exclude<OperationName, 'status' | 'subscription/status'>;

/** What the call and its answer mean, for the outcome table and problems. */
export interface OperationTraits {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly changesState: boolean;
  /** What a 404 with a JSON object to it is about. */
  readonly subject: 'payment' | 'subscription' | 'none';
}

export const OPERATIONS: Readonly<Record<OperationName, OperationTraits>> = {
  pay: { method: 'POST', changesState: true, subject: 'none' },
  'pay-by-link': { method: 'POST', changesState: true, subject: 'none' },
  refund: { method: 'POST', changesState: true, subject: 'payment' },
  status: { method: 'GET', changesState: false, subject: 'payment' },
  'subscription/schedule': { method: 'POST', changesState: true, subject: 'none' },
  'subscription/start': { method: 'POST', changesState: true, subject: 'none' },
  'subscription/pay': { method: 'POST', changesState: true, subject: 'subscription' },
  'subscription/update': { method: 'POST', changesState: true, subject: 'subscription' },
  'subscription/status': { method: 'GET', changesState: false, subject: 'subscription' },
  'subscription/expire': { method: 'DELETE', changesState: true, subject: 'subscription' },
};

export const OPERATION_NAMES = Object.keys(OPERATIONS) as readonly OperationName[];
