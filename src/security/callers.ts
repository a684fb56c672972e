import type { IncomingMessage } from 'node:http';
import { DEFAULT_SCOPES } from '../config/api-keys.js';
import type { CallersConfig } from '../config/config.js';
import type { Principal } from '../http/request-context.js';
import type { ApiKeys } from './api-keys.js';
import type { OidcTokens } from './oidc-tokens.js';
import { invalidToken, unauthenticated } from './refusals.js';
import { credentialsOf, looksLikeJwt } from './request-credentials.js';

const ANONYMOUS: Principal = { name: '', scopes: new Set(DEFAULT_SCOPES), externals: undefined };

/** Identifies callers as `API_AUTH` requires (SPEC §6). */
export class Callers {
  constructor(
    private readonly auth: CallersConfig['auth'],
    private readonly keys: ApiKeys,
    private readonly tokens: OidcTokens | undefined,
  ) {}

  /** Whether refused credentials may be a try to guess a key. A JWT cannot be guessed, and honest callers' ones expire. */
  mayBeGuess(request: IncomingMessage): boolean {
    const credentials = credentialsOf(request);
    if (credentials.kind === 'none') return false;
    return !(this.tokens && credentials.kind === 'bearer' && looksLikeJwt(credentials.token));
  }

  /**
   * The caller of a request. With `none`, or with `optional` and no credentials, an anonymous caller, who may do
   * everything but what an operator does; `forOperators`: credentials count also with `none`.
   * @throws Problem `unauthenticated` for wrong credentials, even where none are required;
   * `authentication-unavailable`
   */
  async identify(request: IncomingMessage, forOperators: boolean): Promise<Principal> {
    if (this.auth === 'none' && !forOperators) return ANONYMOUS;
    const credentials = credentialsOf(request);
    if (credentials.kind === 'none') {
      if (this.auth !== 'required') return ANONYMOUS;
      throw unauthenticated();
    }
    if (credentials.kind === 'api-key') return this.keys.find(credentials.key) ?? refuse();
    if (credentials.kind !== 'bearer') return refuse();
    const { token } = credentials;
    const holder = this.keys.find(token);
    if (holder) return holder;
    return this.tokens && looksLikeJwt(token) ? this.tokens.verify(token) : refuse();
  }
}

function refuse(): never {
  throw invalidToken();
}
