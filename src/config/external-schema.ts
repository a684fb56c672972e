import { Secret } from '../sensitive/secret.js';
import type { CallbackAuthConfig, ExternalConfig, OutboundAuthConfig } from './external-config.js';
import { EXTERNAL_NAME, EXTERNAL_NAME_ALLOWED } from './external-name.js';
import { readHttpUrl } from './http-url.js';
import { isIpRange } from './ip-range.js';
import { OPERATION_NAMES } from './operation-name.js';
import { errorCode } from './placeholder.js';
import {
  array,
  boolean,
  draft,
  integer,
  object,
  optional,
  refuse,
  required,
  switches,
  text,
  variant,
  type Draft,
  type Reader,
} from './reader.js';
import { readWebhookSecrets, WEBHOOK_SECRETS_ALLOWED } from './webhook-secrets.js';

/** One entry of the externals file, as data (SPEC §6): keys, defaults, and what each value must be. */

const MAX_TIMEOUT_MS = 600_000;
const MAX_WINDOW_MS = 3_600_000;
const MAX_COUNT = 100_000;

const matching = (allowed: string, pattern: RegExp): Reader<string> =>
  text(allowed, (value) => (pattern.test(value) ? value : undefined));

const secretMatching = (allowed: string, pattern: RegExp): Reader<Secret> =>
  text(allowed, (value) => (pattern.test(value) ? new Secret(value) : undefined), true);

/** `base` is compared and joined with paths: as `URL` writes it, without trailing slashes. */
const url = (shape: 'base' | 'full'): Reader<string> =>
  text(
    `an absolute http(s) URL without credentials${shape === 'base' ? ', query' : ''} and fragment`,
    (value) => {
      const read = readHttpUrl(value, { query: shape === 'base' ? 'refused' : 'allowed' });
      return read && (shape === 'full' ? read.href : `${read.origin}${read.pathname.replace(/\/+$/, '')}`);
    },
  );

const token = secretMatching('a token of printable ASCII without spaces', /^[\x21-\x7e]{1,8192}$/);
/** RFC 7617 §2: no colon in the user's name, no control characters. */
const username = matching('a user name without a colon', /^[^:\p{C}]{1,255}$/u);
const password = secretMatching('a password without control characters', /^[^\p{C}]{1,1024}$/u);
const plainText = matching('a text without control characters', /^[^\p{C}]{1,1024}$/u);
const fieldValue = secretMatching(
  'a header value of printable ASCII',
  /^[\x21-\x7e]([\x20-\x7e]{0,8190}[\x21-\x7e])?$/,
);

const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const GATEWAYS_OWN_HEADERS = [
  'accept',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'te',
  'traceparent',
  'tracestate',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
];

const fieldName: Reader<string> = text(
  'a header name that is not one of those that the gateway sets itself',
  (name) => (FIELD_NAME.test(name) && !GATEWAYS_OWN_HEADERS.includes(name.toLowerCase()) ? name : undefined),
);

/** A file that TLS will need: checked now, not at the first payment. */
const readableFile: Reader<string> = (value, place) => {
  const path = matching('the path of a file', /^\P{C}+$/u)(value, place);
  if (path === undefined || !place.resolves) return path;
  try {
    place.sources.readFile(path);
    return path;
  } catch (error) {
    return refuse(place, `must be a file that can be read; got ${errorCode(error)}`);
  }
};

const orUndefined = <T>(reader: Reader<T>): Reader<T | undefined> => reader;

const auth = variant<OutboundAuthConfig>({
  none: {},
  bearer: { token: required('token', token) },
  basic: { username: required('username', username), password: required('password', password) },
  header: { name: required('name', fieldName), value: required('value', fieldValue) },
  'oauth2-client-credentials': {
    tokenUrl: required('tokenUrl', url('full')),
    clientId: required('clientId', plainText),
    clientSecret: required('clientSecret', password),
    scope: optional('scope', orUndefined(plainText), undefined),
    audience: optional('audience', orUndefined(plainText), undefined),
  },
  mtls: {
    certFile: required('certFile', readableFile),
    keyFile: required('keyFile', readableFile),
    caFile: optional('caFile', orUndefined(readableFile), undefined),
  },
});

const callbackAuth = variant<CallbackAuthConfig>({
  none: {},
  bearer: { token: required('token', token) },
  basic: { username: required('username', username), password: required('password', password) },
  'standard-webhooks': {
    secrets: required('secret', text(WEBHOOK_SECRETS_ALLOWED, readWebhookSecrets, true)),
  },
});

const ipRange = text('an IP address or a CIDR block', (value) => (isIpRange(value) ? value : undefined));

/** What of an external is answered to a `shopTransactionId` that has a payment already (SPEC §3, duplicate-payment). */
const duplicatePayments: Reader<ExternalConfig['duplicatePayments']> = text('refuse or allow', (value) =>
  value === 'refuse' || value === 'allow' ? value : undefined,
);

const circuitBreaker = object<ExternalConfig['circuitBreaker']>({
  failures: optional('failures', integer(1, MAX_COUNT), 5),
  windowMs: optional('windowMs', integer(1, MAX_WINDOW_MS), 10_000),
  openMs: optional('openMs', integer(1, MAX_WINDOW_MS), 5_000),
});

export const externalReader: Reader<Draft<ExternalConfig>> = draft<ExternalConfig>({
  name: required('externalService', matching(EXTERNAL_NAME_ALLOWED, EXTERNAL_NAME)),
  baseUrl: required('baseUrl', url('base')),
  timeoutMs: optional('timeoutMs', integer(1, MAX_TIMEOUT_MS), 10_000),
  maxConcurrency: optional('maxConcurrency', integer(1, MAX_COUNT), 200),
  auth: optional('auth', auth, { type: 'none' }),
  callbackAuth: optional('callbackAuth', callbackAuth, { type: 'none' }),
  callbackAllowedIps: optional(
    'callbackAllowedIps',
    orUndefined(array('a non-empty array of IP addresses and CIDR blocks', ipRange)),
    undefined,
  ),
  operations: optional('operations', switches(OPERATION_NAMES), {}),
  honoursIdempotencyKey: optional('honoursIdempotencyKey', boolean, false),
  statusByShopTransactionId: optional('statusByShopTransactionId', boolean, false),
  duplicatePayments: optional('duplicatePayments', duplicatePayments, 'refuse'),
  circuitBreaker: optional('circuitBreaker', circuitBreaker, {
    failures: 5,
    windowMs: 10_000,
    openMs: 5_000,
  }),
});
