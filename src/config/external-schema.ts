import { externalName, ipRange, serviceUrl } from '../rules/network-rules.js';
import { mapped, matching, oneOf, stringRule } from '../rules/rule.js';
import { filePath, integer, trueOrFalse } from '../rules/rules.js';
import { Secret } from '../sensitive/secret.js';
import {
  array,
  draft,
  object,
  optional,
  refuse,
  required,
  value,
  variant,
  type Reader,
} from './document-reader.js';
import type { CallbackAuthConfig, ExternalConfig, OutboundAuthConfig } from './external-config.js';
import { OPERATION_NAMES } from './external-operation.js';
import { errorCode } from './placeholder.js';
import { webhookSecrets } from './webhook-secrets.js';

/** One entry of the externals file (SPEC §6): its keys, their defaults, and the rule of each value. */

const MAX_TIMEOUT_MS = 600_000;
const MAX_WINDOW_MS = 3_600_000;
const MAX_COUNT = 100_000;
const MAX_CONNECTION_AGE_MS = 86_400_000;
const DEFAULT_CONNECTION_AGE_MS = 300_000;

const secretMatching = (name: string, allowed: string, pattern: RegExp): Reader<Secret> =>
  value(mapped(matching(name, allowed, pattern), (text) => new Secret(text), true));

/** Normalised as by `URL`, without trailing slashes: it is compared, and paths are appended. */
const baseUrl = value(
  mapped(serviceUrl('refused'), (text) => {
    const { origin, pathname } = new URL(text);
    return `${origin}${pathname.replace(/\/+$/, '')}`;
  }),
);
const tokenUrl = value(mapped(serviceUrl('allowed'), (text) => new URL(text).href));

const token = secretMatching('token', 'a token of printable ASCII without spaces', /^[\x21-\x7e]{1,8192}$/);
/** RFC 7617 §2: no colon in the user's name, no control characters. */
/** Not shown: a refused one is often user and password, or the password alone. */
const username = value({
  ...matching('username', 'a user name without a colon', /^[^:\p{C}]{1,255}$/u),
  secret: true,
});
const password = secretMatching('password', 'a password without control characters', /^[^\p{C}]{1,1024}$/u);
const plainText = value(matching('plainText', 'a text without control characters', /^[^\p{C}]{1,1024}$/u));
const fieldValue = secretMatching(
  'fieldValue',
  'a header value of printable ASCII',
  /^[\x21-\x7e]([\x20-\x7e]{0,8190}[\x21-\x7e])?$/,
);

const FIELD_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
const RESERVED_HEADERS = [
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

const fieldName = value(
  stringRule(
    'fieldName',
    'a header name other than those that the gateway sets itself',
    (name) => FIELD_NAME.test(name) && !RESERVED_HEADERS.includes(name.toLowerCase()),
  ),
);

/** A file for TLS: checked when the configuration is read, not at the first payment. */
const readableFile: Reader<string> = (given, place) => {
  const path = value(filePath)(given, place);
  if (path === undefined || !place.resolves) return path;
  try {
    place.sources.readFile(path);
    return path;
  } catch (error) {
    return refuse(place, `must be a file that can be read; got ${errorCode(error)}`);
  }
};

const auth = variant<OutboundAuthConfig>({
  none: {},
  bearer: { token: required(token) },
  basic: { username: required(username), password: required(password) },
  header: { name: required(fieldName), value: required(fieldValue) },
  'oauth2-client-credentials': {
    tokenUrl: required(tokenUrl),
    clientId: required(plainText),
    clientSecret: required(password),
    scope: optional(plainText),
    audience: optional(plainText),
  },
  mtls: {
    certFile: required(readableFile),
    keyFile: required(readableFile),
    caFile: optional(readableFile),
  },
});

const callbackAuth = variant<CallbackAuthConfig>({
  none: {},
  bearer: { token: required(token) },
  basic: { username: required(username), password: required(password) },
  'standard-webhooks': { secrets: required(value(webhookSecrets), 'secret') },
});

const circuitBreaker = object<ExternalConfig['circuitBreaker']>({
  failures: optional(value(integer(1, MAX_COUNT)), 5),
  windowMs: optional(value(integer(1, MAX_WINDOW_MS)), 10_000),
  openMs: optional(value(integer(1, MAX_WINDOW_MS)), 5_000),
});

const operations = object<ExternalConfig['operations']>(
  Object.fromEntries(OPERATION_NAMES.map((name) => [name, optional(value(trueOrFalse))])),
);

export const externalReader: Reader<Partial<ExternalConfig>> = draft<ExternalConfig>({
  name: required(value(externalName), 'externalService'),
  baseUrl: required(baseUrl),
  timeoutMs: optional(value(integer(1, MAX_TIMEOUT_MS)), 10_000),
  maxConcurrency: optional(value(integer(1, MAX_COUNT)), 200),
  auth: optional(auth, { type: 'none' }),
  callbackAuth: optional(callbackAuth, { type: 'none' }),
  callbackAllowedIps: optional(array('a non-empty array of IP addresses and CIDR blocks', value(ipRange))),
  operations: optional(operations, {}),
  honoursIdempotencyKey: optional(value(trueOrFalse), false),
  statusByShopTransactionId: optional(value(trueOrFalse), false),
  reuseConnections: optional(value(trueOrFalse), true),
  maxConnectionAgeMs: optional(value(integer(1, MAX_CONNECTION_AGE_MS)), DEFAULT_CONNECTION_AGE_MS),
  duplicatePayments: optional(value(oneOf(['refuse', 'allow'])), 'refuse'),
  compatibility: optional(value(oneOf(['pgm-12']))),
  callbackStatus: optional(value(oneOf(['queried', 'trusted'])), 'queried'),
  circuitBreaker: optional(circuitBreaker, {}),
});
