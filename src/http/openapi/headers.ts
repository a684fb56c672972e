import type { NotificationEvent } from '../../config/receiver-config.js';
/** Headers of requests, responses and notifications (SPEC §3, §4, §5, §8). */

export const REQUEST_ID_EXAMPLE = 'req_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10';
const TRACEPARENT_EXAMPLE = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** `components.headers`. */
export const HEADERS = {
  RequestId: {
    description: 'The `X-Request-Id` of the request, or a generated one. Every log line has it.',
    schema: { type: 'string' },
    example: REQUEST_ID_EXAMPLE,
  },
  IdempotencyReplayed: {
    description: '`true` if this is the stored answer to an earlier request with the same `Idempotency-Key`.',
    schema: { type: 'string', enum: ['true'] },
  },
  RetryAfter: {
    description: 'The number of seconds to wait before a retry.',
    schema: { type: 'integer', minimum: 1 },
    example: 5,
  },
  Allow: {
    description: 'With 405: the methods that the path supports.',
    schema: { type: 'string' },
    example: 'POST',
  },
  WwwAuthenticate: {
    description: 'How to authenticate, or which scope is missing (RFC 6750).',
    schema: { type: 'string' },
    example: 'Bearer realm="tollgate"',
  },
} as const;

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
} as const;

/** Header parameters of requests, for `components.parameters`. */
export const HEADER_PARAMETERS = {
  IdempotencyKey: {
    ...IDEMPOTENCY_KEY,
    description:
      'Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Bare or a quoted ' +
      'string, such as a UUID. The same key with a different body is refused. ' +
      'Without a key, a repeat within seconds is refused (`repeated-without-key`), and a later one is a new request.',
    // Without an example: Swagger UI would send it with every payment that a reader tries.
  },
  RequiredIdempotencyKey: {
    ...IDEMPOTENCY_KEY,
    required: true,
    description:
      'Makes the request safe to repeat: the gateway executes it once, and a repeat gets the same answer. Use a new key for each request.',
    example: 'refund-4711',
  },
  RequestId: {
    name: 'X-Request-Id',
    in: 'header',
    description:
      'Logged, and passed on to the external and the receiver. Up to 128 visible ASCII characters.',
    schema: { type: 'string', maxLength: 128, pattern: '^[!-~]+$' },
  },
  Traceparent: {
    name: 'traceparent',
    in: 'header',
    description: 'W3C Trace Context, passed on to the external and the receiver, as is `tracestate`.',
    schema: { type: 'string' },
  },
} as const;

/** Headers of a notification. */
export const notificationHeaders = (event: NotificationEvent): object[] => [
  {
    name: 'webhook-id',
    in: 'header',
    required: true,
    description: 'The id of the notification, the same on every attempt: process each id once.',
    schema: { type: 'string' },
    example: 'ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644',
  },
  {
    name: 'webhook-timestamp',
    in: 'header',
    required: true,
    description: 'The time of the attempt, in seconds since 1970-01-01T00:00:00Z.',
    schema: { type: 'string', pattern: '^[1-9][0-9]*$' },
    example: '1767225600',
  },
  {
    name: 'webhook-signature',
    in: 'header',
    required: true,
    description:
      'The signature by the Standard Webhooks specification: `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}` ' +
      'with `NOTIFICATION_SECRET`, or the `secret` of the receiver. Two signatures, separated by a space, while a key is rotated.',
    schema: { type: 'string' },
    example: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  },
  {
    name: 'X-Tollgate-Event',
    in: 'header',
    required: true,
    description: 'What the notification is about. Ignore kinds that you do not know.',
    schema: { type: 'string', enum: [event] },
    example: event,
  },
  {
    name: 'X-Payment-Version',
    in: 'header',
    required: true,
    description: 'The same number as `version` in the body. It is not signed: use the one in the body.',
    schema: { type: 'integer', minimum: 1 },
    example: 3,
  },
  {
    name: 'X-Request-Id',
    in: 'header',
    required: true,
    description: 'The id of the request that caused the notification.',
    schema: { type: 'string' },
    example: REQUEST_ID_EXAMPLE,
  },
  {
    name: 'traceparent',
    in: 'header',
    description: 'W3C Trace Context of the request that caused the notification.',
    schema: { type: 'string' },
    example: TRACEPARENT_EXAMPLE,
  },
];

export interface AnswerHeaders {
  readonly status: number;
  readonly retryAfter?: boolean;
  readonly allow?: boolean;
  /** The response may be a stored answer. */
  readonly replayable?: boolean;
}

/** The `headers` of a response, as references. */
export function headersOf({ status, retryAfter, allow, replayable }: AnswerHeaders): Record<string, object> {
  return {
    'X-Request-Id': header('RequestId'),
    ...(replayable && { 'Idempotency-Replayed': header('IdempotencyReplayed') }),
    ...(retryAfter && { 'Retry-After': header('RetryAfter') }),
    ...(allow && { Allow: header('Allow') }),
    ...((status === 401 || status === 403) && { 'WWW-Authenticate': header('WwwAuthenticate') }),
  };
}

function header(name: keyof typeof HEADERS): object {
  return { $ref: `#/components/headers/${name}` };
}
