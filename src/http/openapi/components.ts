import { externalName } from '../../rules/network-rules.js';
import { identifier } from '../../rules/rules.js';
import { PROBLEMS } from '../../problems/problem.js';
import { HEADER_PARAMETERS, HEADERS } from './headers.js';
import type { QueryParameter } from './operation-description.js';

/** What the operations of the document share, but for the schemas of the DTOs. */

const text = { type: 'string' } as const;
const OUTCOMES = ['not-executed', 'unknown'] as const;

/** RFC 9457 with the members of SPEC §3. */
const PROBLEM_SCHEMA = {
  type: 'object',
  description:
    'A problem document (RFC 9457). Programs go by `code`, and by `outcome` when they decide to try again.',
  required: ['type', 'title', 'status', 'detail', 'instance', 'code', 'requestId'],
  properties: {
    type: { ...text, format: 'uri-reference', description: 'Where the code is explained.' },
    title: { ...text, description: 'The code in words.' },
    status: { type: 'integer', minimum: 400, maximum: 599 },
    detail: { ...text, description: 'This case in words, for a person.' },
    instance: { ...text, format: 'uri-reference', description: 'The path of the request.' },
    code: { ...text, enum: Object.keys(PROBLEMS) },
    requestId: { ...text, description: 'As in `X-Request-Id`, and in every log line.' },
    outcome: {
      ...text,
      enum: OUTCOMES,
      description:
        'Of an operation that moves money or changes a subscription. `not-executed`: safe to try again. `unknown`: it may ' +
        'have happened; ask `status`, wait for the notification, or repeat with the same `Idempotency-Key`.',
    },
    errors: {
      type: 'array',
      items: { $ref: '#/components/schemas/FieldError' },
      description: 'With `validation-failed`: each breach of the contract.',
    },
    paymentId: { ...text, description: 'With `duplicate-payment`: the payment that there is.' },
    paymentStatus: {
      ...text,
      enum: ['PENDING', 'ACCEPTED', 'UNKNOWN'],
      description: 'With `duplicate-payment`: its state.',
    },
  },
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
    description: 'The name of the external that executes the payment, as configured.',
    schema: externalName.schema,
    example: 'simulator',
  },
  subscriptionToken: {
    description: 'Names the subscription, as `schedule` or `start` answered it.',
    schema: identifier.schema,
    example: 'sub_91c2',
  },
  id: {
    description: 'The gateway’s own id, as the lists show it.',
    schema: text,
    example: 'pay_0199f2a4-c7d1-7b3e-8f5a-6d2e9c01b7aa',
  },
};

/** A parameter of the path `/…/{name}/…`. */
export function pathParameter(name: string): QueryParameter {
  const described = PATH_PARAMETERS[name];
  if (!described) throw new Error(`The path parameter ${name} is not described`);
  return { name, required: true, ...described };
}

/** Ways to show who calls (SPEC §6). */
export const CALLER_SECURITY = ['apiKey', 'apiKeyHeader', 'accessToken'] as const;
/** Ways to show that a callback is its external's; none where its `callbackAuth` is. */
export const CALLBACK_SECURITY = ['callbackBearer', 'callbackBasic', 'callbackSignature'] as const;

/** Swagger UI's dialog puts the cursor into the last one: what most people need. */
const SECURITY_SCHEMES: Readonly<
  Record<(typeof CALLER_SECURITY)[number] | (typeof CALLBACK_SECURITY)[number], object>
> = {
  callbackBearer: { type: 'http', scheme: 'bearer', description: '`callbackAuth.type` is `bearer`.' },
  callbackBasic: { type: 'http', scheme: 'basic', description: '`callbackAuth.type` is `basic`.' },
  callbackSignature: {
    type: 'apiKey',
    in: 'header',
    name: 'webhook-signature',
    description:
      '`callbackAuth.type` is `standard-webhooks`: with `webhook-id` and `webhook-timestamp`. Of a GET, path and query as ' +
      'sent stand for the body.',
  },
  accessToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description:
      'A JWT of the issuer that is configured (`OIDC_ISSUER`), with the scopes that the operation asks for.',
  },
  apiKeyHeader: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Api-Key',
    description: 'An API key in a header of its own.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API key (`API_KEYS`): `Authorization: Bearer {secret}`.',
  },
};

export const COMPONENTS = {
  schemas: { Problem: PROBLEM_SCHEMA, FieldError: FIELD_ERROR_SCHEMA },
  parameters: HEADER_PARAMETERS,
  headers: HEADERS,
  securitySchemes: SECURITY_SCHEMES,
} as const;

/** The `paymentId` of a query. */
export const PAYMENT_ID_QUERY: QueryParameter = {
  name: 'paymentId',
  description: 'The payment, as `/pay` named it.',
  required: true,
  schema: identifier.schema,
  example: 'pm_7f3a',
};
