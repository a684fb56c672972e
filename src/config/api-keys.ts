import { Secret } from '../sensitive/secret.js';
import type { ApiKeyConfig, Scope } from './config.js';
import { Refusal } from './variable.js';

export const SCOPES = [
  'payments',
  'refunds',
  'subscriptions',
  'read',
  'admin',
] as const satisfies readonly Scope[];

/** What a key may do whose scopes are not said: all but `admin` (SPEC §6). */
export const DEFAULT_SCOPES: readonly Scope[] = SCOPES.filter((scope) => scope !== 'admin');

export const API_KEYS_ALLOWED =
  `name:secret[:scope+scope…], separated by commas, each name and secret once; a name is 1 to 64 of A-Z a-z 0-9 . _ -, ` +
  `a secret is printable ASCII without comma, colon and space; scopes: ${SCOPES.join(', ')}`;

const KEY_NAME = /^[A-Za-z0-9._-]{1,64}$/;
const KEY_SECRET = /^[!-+\--9;-~]{1,512}$/;

/** The keys of `API_KEYS`. A refusal names a key by its position only: what looks like a name may be a piece of a secret. */
export function parseApiKeys(text: string): readonly ApiKeyConfig[] | Refusal {
  const keys: ApiKeyConfig[] = [];
  for (const [index, entry] of text.split(',').entries()) {
    const key = parseApiKey(entry.trim());
    if (typeof key === 'string') return new Refusal(`key ${index + 1}: ${key}`);
    if (keys.some(({ name }) => name === key.name)) return new Refusal(`key ${index + 1}: its name is taken`);
    if (keys.some(({ secret }) => secret.reveal() === key.secret.reveal())) {
      return new Refusal(`key ${index + 1}: its secret is taken`);
    }
    keys.push(key);
  }
  return keys;
}

function parseApiKey(entry: string): ApiKeyConfig | string {
  const [name = '', secret, scopes, ...rest] = entry.split(':');
  if (secret === undefined) return 'no colon';
  if (rest.length > 0) return 'more than two colons';
  if (!KEY_NAME.test(name)) return 'not a name before the colon';
  if (!KEY_SECRET.test(secret)) return 'not a secret after the colon';
  if (scopes === undefined) return { name, secret: new Secret(secret), scopes: DEFAULT_SCOPES };
  const named = scopes.split('+');
  if (!named.every(isScope)) return 'not a scope after the second colon';
  return { name, secret: new Secret(secret), scopes: [...new Set(named)] };
}

function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
