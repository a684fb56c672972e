import { matching, readingRule, type TextRule, Violation } from '../rules/rule.js';
import { Secret } from '../sensitive/secret.js';
import type { AdminScope, ApiKeyConfig, Scope } from './config.js';

const ADMIN_SCOPES = ['admin-read', 'admin-act', 'admin-settle', 'admin'] as const satisfies AdminScope[];

export const SCOPES = [
  'payments',
  'refunds',
  'subscriptions',
  'read',
  ...ADMIN_SCOPES,
] as const satisfies readonly Scope[];

export function isAdminScope(scope: Scope): scope is AdminScope {
  return (ADMIN_SCOPES as readonly Scope[]).includes(scope);
}

/** The scopes of a key that is configured without any: all but those of `/admin` (SPEC §6). */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => !isAdminScope(scope));

/** What the scopes of a key or token permit: `admin` is all scopes of `/admin`. */
export function permittedBy(scopes: readonly Scope[]): ReadonlySet<Scope> {
  return new Set(scopes.includes('admin') ? [...scopes, ...ADMIN_SCOPES] : scopes);
}

export const keyName = matching('keyName', '1 to 64 of A-Z a-z 0-9 . _ -', /^[A-Za-z0-9._-]{1,64}$/);

const KEY_SECRET = /^[!-+\--9;-~]{1,512}$/;

/**
 * The keys of `API_KEYS`. A violation names a key by its position only: what looks like a name may be part of a
 * secret.
 */
export const apiKeys: TextRule<readonly ApiKeyConfig[]> = readingRule(
  'apiKeys',
  `name:secret[:scope+scope…], separated by commas, each name and secret once; a name is ${keyName.allowed}, ` +
    `a secret is printable ASCII without comma, colon and space; scopes: ${SCOPES.join(', ')}`,
  readApiKeys,
  { secret: true },
);

function readApiKeys(text: string): readonly ApiKeyConfig[] | Violation {
  const keys: ApiKeyConfig[] = [];
  for (const [index, entry] of text.split(',').entries()) {
    const key = readApiKey(entry.trim());
    if (typeof key === 'string') return new Violation(`key ${index + 1}: ${key}`);
    if (keys.some(({ name }) => name === key.name))
      return new Violation(`key ${index + 1}: its name is taken`);
    if (keys.some(({ secret }) => secret.reveal() === key.secret.reveal())) {
      return new Violation(`key ${index + 1}: its secret is taken`);
    }
    keys.push(key);
  }
  return keys;
}

/** The key, or what is wrong with the entry. */
function readApiKey(entry: string): ApiKeyConfig | string {
  const [name = '', secret, scopes, ...rest] = entry.split(':');
  if (secret === undefined) return 'no colon';
  if (rest.length > 0) return 'more than two colons';
  if (!keyName.accepts(name)) return 'not a name before the colon';
  if (!KEY_SECRET.test(secret)) return 'not a secret after the colon';
  if (scopes === undefined) return { name, secret: new Secret(secret), scopes: DEFAULT_SCOPES };
  const named = scopes.split('+');
  if (!named.every(isScope)) return 'not a scope after the second colon';
  return { name, secret: new Secret(secret), scopes: [...new Set(named)] };
}

function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
