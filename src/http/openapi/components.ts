import { externalName } from '../../rules/network-rules.js';
import { identifier, issuedIdentifier, ownIdentifier } from '../../rules/rules.js';
import type { IdentifierPrefix } from '../../shared/identifier.js';
import { PROBLEM_CODES } from '../../problems/problem.js';
import { HEADER_PARAMETERS, HEADERS } from './headers.js';
import type { QueryParameter } from './operation-description.js';

/** Components that the operations of the document share, except the schemas of the DTOs. */

const text = { type: 'string' } as const;
const PENDING_LINK =
  'With `duplicate-payment`, for the caller that made the existing payment while it is PENDING: where its payer was sent.';
const OUTCOMES = ['not-executed', 'unknown'] as const;

/** RFC 9457 with the members of SPEC §3. */
const PROBLEM_SCHEMA = {
  type: 'object',
  description:
    'A problem document (RFC 9457). Programs decide by `code`, and by `outcome` whether a retry is safe.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  properties: {
    type: { ...text, format: 'uri-reference', description: 'The page that explains the code.' },
    title: { ...text, description: 'The code in words.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { ...text, description: 'A sentence about this occurrence, for a person.' },
    instance: { ...text, format: 'uri-reference', description: 'The path of the request.' },
    code: { ...text, enum: PROBLEM_CODES },
    requestId: { ...text, description: 'The value of `X-Request-Id`; every log line has it.' },
    outcome: {
      ...text,
      enum: OUTCOMES,
      description:
        'For an operation that moves money or changes a subscription. `not-executed`: a retry is safe. `unknown`: the operation may ' +
        'have been executed; query its status (`/status` takes the `shopTransactionId` too), wait for the notification, or repeat with the same `Idempotency-Key`.',
    },
    errors: {
      type: 'array',
      items: { $ref: '#/components/schemas/FieldError' },
      description: 'With `validation-failed`: each violation of the contract.',
    },
    paymentId: {
      ...text,
      description:
        'With `duplicate-payment`: the existing payment. With `payment-not-pending`: the payment. With `repeated-without-key`: the payment of the first request, once it is known.',
    },
    refundId: {
      ...text,
      description:
        'With the `outcome` `unknown` of a refund: its id. With `repeated-without-key`: the refund of the first request.',
    },
    paymentStatus: {
      ...text,
      enum: ['PENDING', 'ACCEPTED', 'FAILED', 'UNKNOWN'],
      description:
        'With `duplicate-payment`: the state of the existing payment. With `payment-not-pending`: the state of the payment.',
    },
    resolution: {
      ...text,
      description:
        'With `conflict`, if operators have resolved the item: the event of the last resolution. A correction names it in `corrects`.',
    },
    redirectToUrl: { ...text, format: 'uri', description: PENDING_LINK },
    redirectToUrlMobile: { ...text, format: 'uri', description: PENDING_LINK },
    link: { ...text, format: 'uri', description: PENDING_LINK },
  },
} as const;

/** Of every failed operation that could move money or change a subscription (SPEC §3). */
const PROBLEM_WITH_OUTCOME_SCHEMA = {
  description:
    'A problem of an operation that moves money or changes a subscription: it always has an `outcome`.',
  allOf: [
    { $ref: '#/components/schemas/Problem' },
    { type: 'object', required: ['outcome'], properties: { outcome: { ...text, enum: OUTCOMES } } },
  ],
} as const;

const FIELD_ERROR_SCHEMA = {
  type: 'object',
  required: ['pointer', 'detail'],
  properties: {
    pointer: {
      ...text,
      description: 'A JSON pointer (RFC 6901) into the body, or `/query/…`, `/path/…`, `/headers/…`.',
      examples: ['/amount'],
    },
    detail: { ...text, examples: ['must be an integer from 1 to 999,999,999,999 (minor units)'] },
  },
} as const;

/** Parameters of paths, by the name in the path's template. */
const PATH_PARAMETERS: Readonly<Record<string, Omit<QueryParameter, 'name'>>> = {
  external: {
    description: 'The configured name of the external that executes the payment.',
    schema: externalName.schema,
    example: 'simulator',
  },
  subscriptionToken: {
    description: 'The token of the subscription, from the answer of `schedule` or `start`.',
    schema: identifier.schema,
    example: 'sub_91c2',
  },
};

/** An example of the gateway's own id of the items of each list of `/admin`. */
const OWN_IDS: Readonly<Record<string, `${IdentifierPrefix}_${string}`>> = {
  payments: 'pay_0199f2a4-c7d1-7b3e-8f5a-2c7f5d8e9a10',
  refunds: 'ref_0199f2a4-d0b3-7c11-9a44-5c1d8e9f0a21',
  subscriptions: 'sub_0199f2a4-e1f2-7034-8b5c-6d7e8f9a0b1c',
  operations: 'op_0199f2a4-e0aa-7c13-8d24-1a2b3c4d5e6f',
  notifications: 'ntf_0199f2a4-c7d1-7b3e-8f5a-91d0c2b7e644',
};

/** The parameters in the template of a path, in their order. */
export function pathParameters(path: string): QueryParameter[] {
  return [...path.matchAll(/(\w+)\/\{(\w+)\}/g)].map(([, list, name]) => {
    const described = name === 'id' ? ownId(OWN_IDS[list!]) : PATH_PARAMETERS[name!];
    if (!described) throw new Error(`The parameter ${name} of ${path} is not described`);
    return { name: name!, required: true, ...described };
  });
}

function ownId(example: string | undefined): (typeof PATH_PARAMETERS)[string] | undefined {
  if (example === undefined) return undefined;
  const { schema } = ownIdentifier(example.split('_')[0]!);
  return { description: 'The id that the gateway assigned; the lists show it.', schema, example };
}

/** The security schemes of callers (SPEC §6). */
export const CALLER_SECURITY = ['apiKey', 'apiKeyHeader', 'accessToken'] as const;
/** The security schemes of callbacks; an external with `callbackAuth` `none` uses none of them. */
export const CALLBACK_SECURITY = ['callbackBearer', 'callbackBasic', 'callbackSignature'] as const;

/** In the order in which Swagger UI offers them: those of callers first. */
const SECURITY_SCHEMES: Readonly<
  Record<(typeof CALLER_SECURITY)[number] | (typeof CALLBACK_SECURITY)[number], object>
> = {
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key (`API_KEYS`): `Authorization: Bearer {secret}`.',
  },
  apiKeyHeader: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Api-Key',
    description: 'An API key in a dedicated header.',
  },
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A JWT of the configured issuer (`OIDC_ISSUER`) with the scope that the operation requires.',
  },
  callbackBearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'For externals whose `callbackAuth.type` is `bearer`.',
  },
  callbackBasic: {
    type: 'http',
    scheme: 'basic',
    description: 'For externals whose `callbackAuth.type` is `basic`.',
  },
  callbackSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description:
      'For externals whose `callbackAuth.type` is `standard-webhooks`: with `webhook-id` and `webhook-timestamp`. The signature of a GET covers ' +
      'path and query as sent instead of a body.',
  },
};

export const COMPONENTS = {
  schemas: {
    Problem: PROBLEM_SCHEMA,
    ProblemWithOutcome: PROBLEM_WITH_OUTCOME_SCHEMA,
    FieldError: FIELD_ERROR_SCHEMA,
  },
  parameters: HEADER_PARAMETERS,
  headers: HEADERS,
  securitySchemes: SECURITY_SCHEMES,
} as const;

export const REFUND_ID_QUERY: QueryParameter = {
  name: 'refundId',
  description: 'The id of the refund, from the answer of `/refund` or the problem of an `unknown` one.',
  required: true,
  schema: issuedIdentifier.schema,
  example: 're_5d10',
};

export const SUBSCRIPTION_TOKEN_QUERY: QueryParameter = {
  name: 'subscriptionToken',
  description: 'The token of the subscription, from the answer of schedule or start.',
  required: true,
  schema: issuedIdentifier.schema,
  example: 'sub_91c2',
};

export const PAYMENT_ID_QUERY: QueryParameter = {
  name: 'paymentId',
  description: 'The id of the payment, from the answer of `/pay`.',
  required: true,
  schema: identifier.schema,
  example: 'pm_7f3a',
};

/** The query parameter `shopTransactionId`, with which an order is named instead of a payment. */
export const ORDER_QUERY: QueryParameter = {
  name: 'shopTransactionId',
  description:
    'The shop’s id of the order, where its `paymentId` is not known. Exactly one of `paymentId` and `shopTransactionId` is required.',
  schema: identifier.schema,
  example: 'order-1001',
};
