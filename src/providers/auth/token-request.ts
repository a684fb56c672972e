import type { OutboundAuthConfig } from '../../config/external-config.js';
import { tracedRequest } from '../../observability/tracing/http-client-span.js';
import type { Tracer } from '../../observability/tracing/tracer.js';
import { Exchange, ExchangeBroken, type OutboundAnswer } from '../../outbound/exchange.js';
import type { OutboundClient } from '../../outbound/outbound-client.js';
import { readJsonDocument } from '../../outbound/json-document.js';
import { isJsonObject } from '../../shared/json.js';
import { CredentialsUnavailable } from './credentials-unavailable.js';
import { basicAuthorization } from './static-auth.js';

export type ClientCredentialsConfig = Extract<OutboundAuthConfig, { type: 'oauth2-client-credentials' }>;

/** An access token (RFC 6749 §5.1) and its lifetime, counted from the request. */
export interface AccessToken {
  readonly text: string;
  readonly lifetimeMs: number;
}

/** Without `expires_in`: short enough to notice a withdrawn client, long enough to cost little. */
const DEFAULT_LIFETIME_MS = 300_000;
/**
 * RFC 6750 §2.1 allows fewer characters, but a server accepts the tokens it issues; only invalid header values are
 * refused.
 */
const HEADER_SAFE = /^[\x21-\x7e]+$/;
const OAUTH_ERROR = /^[a-z_]{1,64}$/;

/**
 * Requests a token with the client credentials grant (RFC 6749 §4.4); the client authenticates by
 * `client_secret_basic` (§2.3.1).
 * @throws CredentialsUnavailable, within `timeoutMs`
 */
export async function requestToken(
  config: ClientCredentialsConfig,
  client: OutboundClient,
  timeoutMs: number,
  tracer?: Tracer,
): Promise<AccessToken> {
  const { status, body } = await send(config, client, timeoutMs, tracer);
  if (status !== 200) throw refused(status, body, config);
  return readToken(body);
}

async function send(
  config: ClientCredentialsConfig,
  client: OutboundClient,
  timeoutMs: number,
  tracer: Tracer | undefined,
): Promise<OutboundAnswer> {
  const { origin, pathname, search } = new URL(config.tokenUrl);
  const request = {
    method: 'POST',
    origin,
    target: pathname + search,
    headers: {
      authorization: clientAuthorization(config),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'tollgate',
    },
    body: formOf(config),
  };
  try {
    return await tracedRequest(tracer, 'POST token', { method: 'POST', url: config.tokenUrl }, () =>
      client.send(new Exchange(request, { timeoutMs })),
    );
  } catch (error) {
    throw error instanceof ExchangeBroken ? unavailable(error, timeoutMs) : error;
  }
}

function unavailable(broken: ExchangeBroken, timeoutMs: number): CredentialsUnavailable {
  if (broken.reason === 'too-large') return invalid('is over 64 KiB');
  if (broken.reason === 'deadline')
    return new CredentialsUnavailable(
      'token-timeout',
      `The token endpoint did not answer in ${timeoutMs} ms`,
      broken,
    );
  const code = broken.code === undefined ? '' : ` (${broken.code})`;
  return new CredentialsUnavailable(
    'token-unreachable',
    `The token endpoint could not be reached${code}`,
    broken,
  );
}

/** id and secret are form-encoded before they are joined (RFC 6749 §2.3.1), so that a colon in the id is harmless. */
function clientAuthorization({ clientId, clientSecret }: ClientCredentialsConfig): string {
  return basicAuthorization(formEncoded(clientId), formEncoded(clientSecret.reveal()));
}

function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1);
}

function formOf({ scope, audience }: ClientCredentialsConfig): string {
  return new URLSearchParams({
    grant_type: 'client_credentials',
    ...(scope !== undefined && { scope }),
    ...(audience !== undefined && { audience }),
  }).toString();
}

function readToken(body: Buffer): AccessToken {
  const answer = readJsonDocument(body);
  if (!isJsonObject(answer)) throw invalid('is not a JSON object');
  const { access_token: text, token_type: type = 'Bearer', expires_in: expiresIn } = answer;
  if (typeof text !== 'string' || !HEADER_SAFE.test(text)) throw invalid('has no usable access_token');
  if (typeof type !== 'string' || type.toLowerCase() !== 'bearer')
    throw invalid('has a token_type other than Bearer');
  if (expiresIn === undefined || expiresIn === null) return { text, lifetimeMs: DEFAULT_LIFETIME_MS };
  // Some servers send the number as a string.
  const seconds = typeof expiresIn === 'string' && expiresIn !== '' ? Number(expiresIn) : expiresIn;
  if (typeof seconds !== 'number' || !(seconds >= 0))
    throw invalid('has an expires_in that is not a number of seconds');
  return { text, lifetimeMs: seconds * 1_000 };
}

/** The error code of RFC 6749 §5.2 helps the operator; descriptions are text from outside and are left out. */
function refused(
  status: number,
  body: Buffer,
  { clientSecret }: ClientCredentialsConfig,
): CredentialsUnavailable {
  const answer = readJsonDocument(body);
  const error = isJsonObject(answer) ? answer['error'] : undefined;
  const isCode =
    typeof error === 'string' && OAUTH_ERROR.test(error) && !error.includes(clientSecret.reveal());
  const code = isCode ? ` ${error}` : '';
  return new CredentialsUnavailable('token-refused', `The token endpoint answered ${status}${code}`);
}

function invalid(how: string): CredentialsUnavailable {
  return new CredentialsUnavailable('token-invalid', `The answer of the token endpoint ${how}`);
}
