import type { IncomingMessage } from 'node:http';
import { DEFAULT_SCOPES, SCOPES } from '../config/api-keys.js';
import type { CallersConfig } from '../config/config.js';
import type { Principal } from '../http/request-context.js';
import type { ApiKeys } from './api-keys.js';
import type { OidcTokens } from './oidc-tokens.js';
import { unauthenticated } from './refusals.js';
import { credentialsOf, looksLikeJwt } from './request-credentials.js';

const ANYBODY: Principal = { name: '', scopes: new Set(SCOPES), externals: undefined };
const ANONYMOUS: Principal = { name: '', scopes: new Set(DEFAULT_SCOPES), externals: undefined };

/** Finds out who calls, by `API_AUTH` (SPEC §6). */
export class Callers {
  constructor(
    private readonly auth: CallersConfig['auth'],
    private readonly keys: ApiKeys,
    private readonly tokens: OidcTokens | undefined,
  ) {}

  /**
   * Whose request this is: with `none` anybody's, and all is allowed; with `optional` and no credentials somebody's without a name,
   * who may do all but `admin`.
   * @throws Problem `unauthenticated` for wrong credentials, also where none would do; `authentication-unavailable`
   */
  async identify(request: IncomingMessage): Promise<Principal> {
    if (this.auth === 'none') return ANYBODY;
    const credentials = credentialsOf(request);
    if (credentials.kind === 'none' && this.auth === 'optional') return ANONYMOUS;
    if (credentials.kind === 'api-key') return this.keys.find(credentials.key) ?? refuse();
    if (credentials.kind !== 'bearer') return refuse();
    const { token } = credentials;
    const holder = this.keys.find(token);
    if (holder) return holder;
    return this.tokens && looksLikeJwt(token) ? this.tokens.verify(token) : refuse();
  }
}

function refuse(): never {
  throw unauthenticated();
}
