import type { ProblemCode } from './contract.js';

/** Every code of the contract; the type fails to compile where one is missing or was removed. */
const CODES: Readonly<Record<ProblemCode, true>> = {
  'validation-failed': true,
  unauthenticated: true,
  forbidden: true,
  'not-found': true,
  'external-not-found': true,
  'payment-not-found': true,
  'refund-not-found': true,
  'subscription-not-found': true,
  'method-not-allowed': true,
  'request-timeout': true,
  'idempotency-conflict': true,
  'duplicate-payment': true,
  'payment-not-pending': true,
  'repeated-without-key': true,
  conflict: true,
  'payload-too-large': true,
  'uri-too-long': true,
  'unsupported-media-type': true,
  'idempotency-key-reused': true,
  'refund-exceeds-payment': true,
  'provider-rejected': true,
  'rate-limited': true,
  'headers-too-large': true,
  'internal-error': true,
  'operation-not-supported': true,
  'provider-error': true,
  'invalid-provider-response': true,
  'provider-unavailable': true,
  overloaded: true,
  recovering: true,
  'shutting-down': true,
  'authentication-unavailable': true,
  'storage-unavailable': true,
  'provider-timeout': true,
};

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && Object.hasOwn(CODES, code);
}
