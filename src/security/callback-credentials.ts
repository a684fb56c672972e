import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { CallbackAuthConfig } from '../config/external-config.js';
import { equalDigests, sha256 } from './digest.js';
import { credentialsOf } from './request-credentials.js';
import { Secret } from '../sensitive/secret.js';
import type { CallbackRefusal } from './security.metrics.js';
import { verifyWebhook } from '../webhooks/standard-webhooks.js';

/**
 * The credentials of an external that does not exist: unknown to everyone, so refused like any wrong ones (SPEC §8).
 */
export const NOBODYS: CallbackAuthConfig = {
  type: 'bearer',
  token: new Secret(randomBytes(32).toString('base64url')),
};

const NOBODYS_PASSWORD: CallbackAuthConfig = {
  type: 'basic',
  username: 'nobody',
  password: new Secret(randomBytes(32).toString('base64url')),
};

type CallbackRequest = IncomingMessage & { readonly originalUrl: string };

/** What the signature of a callback covers: the body as received; of a GET its target, path and query (SPEC §6). */
export function signedContent({ method, originalUrl }: CallbackRequest, body: Buffer): Buffer {
  return method === 'POST' ? body : Buffer.from(originalUrl);
}

/**
 * Why the credentials of a callback are refused, or undefined where they are its external's. `body` is the body as
 * received.
 */
export function refusalOf(
  auth: CallbackAuthConfig,
  request: CallbackRequest,
  body: Buffer,
  nowMs: number,
): CallbackRefusal | undefined {
  switch (auth.type) {
    case 'none':
      return undefined;
    case 'bearer': {
      const given = credentialsOf(request);
      return given.kind === 'bearer' && isSame(given.token, auth.token.reveal()) ? undefined : 'credentials';
    }
    case 'basic': {
      const given = credentialsOf(request);
      const wanted = `${auth.username}:${auth.password.reveal()}`;
      return given.kind === 'basic' && isSame(given.userPassword, wanted) ? undefined : 'credentials';
    }
    case 'standard-webhooks': {
      const { headersDistinct: headers } = request;
      const verification = verifyWebhook({
        id: headers['webhook-id'],
        timestamp: headers['webhook-timestamp'],
        signature: headers['webhook-signature'],
        body: signedContent(request, body),
        secrets: auth.secrets,
        nowMs,
      });
      if (verification.ok) return undefined;
      return verification.reason === 'too-old' || verification.reason === 'too-new'
        ? 'timestamp'
        : 'signature';
    }
    default:
      return auth satisfies never;
  }
}

/** As many as an external has at most, while one is rotated. */
const DECOYS = [decoy(), decoy()];

function decoy(): Secret {
  return new Secret(`whsec_${randomBytes(32).toString('base64')}`);
}

/**
 * Does for a refused callback what {@link refusalOf} did not do for its `auth`: how long a refusal of a large body or
 * of long credentials takes must not say whether its external exists, nor how it authenticates.
 */
export function equaliseWork(
  auth: CallbackAuthConfig,
  request: IncomingMessage & { readonly originalUrl: string },
  body: Buffer,
  nowMs: number,
): void {
  const verified = auth.type === 'standard-webhooks' ? auth.secrets.length : 0;
  const secrets = DECOYS.slice(verified);
  if (secrets.length > 0) refusalOf({ type: 'standard-webhooks', secrets }, request, body, nowMs);
  for (const decoy of [NOBODYS, NOBODYS_PASSWORD]) {
    if (auth.type !== decoy.type) refusalOf(decoy, request, body, nowMs);
  }
}

/** Whether a refused callback may be a try to guess its external's credentials. The same for every external. */
export function mayBeGuess(request: IncomingMessage): boolean {
  return credentialsOf(request).kind !== 'none' || request.headers['webhook-signature'] !== undefined;
}

function isSame(given: string, wanted: string): boolean {
  return equalDigests(sha256(given), sha256(wanted));
}
