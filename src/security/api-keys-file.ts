import { readFileSync } from 'node:fs';
import { DEFAULT_SCOPES, isAdminScope, keyName, SCOPES } from '../config/api-keys.js';
import { ConfigError } from '../config/config-error.js';
import type { ApiKeyConfig, Scope } from '../config/config.js';
import {
  array,
  child,
  object,
  optional,
  type Place,
  readDocument,
  refuse,
  required,
  value,
} from '../config/document-reader.js';
import { guessableSecrets } from '../config/guessable-secrets.js';
import { errorCode } from '../config/placeholder.js';
import { externalName } from '../rules/network-rules.js';
import { mapped, matching, oneOf } from '../rules/rule.js';
import { sha256 } from './digest.js';

/** A key of `API_KEYS` or of the file, without its secret. */
export interface ApiKey {
  readonly name: string;
  /** SHA-256 of the secret, 32 bytes. */
  readonly digest: Buffer;
  readonly scopes: readonly Scope[];
  /** The externals it may use; undefined: all. */
  readonly externals: readonly string[] | undefined;
}

/** Each request is compared with every key. */
const MAX_KEYS = 1_000;

// A secret for the log, since a person may write the secret itself here by mistake.
const digest = mapped(
  matching('digest', 'the SHA-256 of the secret in 64 hexadecimal digits', /^[0-9a-f]{64}$/i),
  (hex) => Buffer.from(hex, 'hex'),
  true,
);

const apiKey = object<ApiKey>({
  name: required(value(keyName)),
  digest: required(value(digest), 'sha256'),
  scopes: optional(array('a non-empty array of scopes', value(oneOf(SCOPES))), DEFAULT_SCOPES),
  externals: optional(array('a non-empty array of names of externals', value(externalName))),
});

/** The key of an entry of `API_KEYS`. */
export function configuredKey({ name, secret, scopes }: ApiKeyConfig): ApiKey {
  return { name, digest: sha256(secret.reveal()), scopes, externals: undefined };
}

/**
 * Reads the file of API keys: `[{ "name", "sha256", "scopes"?, "externals"? }]`. An empty array is allowed, to
 * withdraw the last key.
 *
 * @param taken the keys of `API_KEYS`, whose names and secrets the file may not repeat
 * @param production refuses digests of secrets that anyone can guess (SPEC §6)
 * @throws ConfigError with every problem at once
 */
export function readApiKeysFile(
  path: string,
  taken: readonly ApiKey[],
  production: boolean,
): readonly ApiKey[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([
      `API_KEYS_FILE: must be a file that can be read; ${path} gave ${errorCode(error)}`,
    ]);
  }
  return parseApiKeys(content, path, taken, production);
}

/** The same for the content of the file. `file` is its name in problems. */
export function parseApiKeys(
  content: string,
  file: string,
  taken: readonly ApiKey[] = [],
  production = false,
): readonly ApiKey[] {
  const sources = { env: {}, readFile: (path: string) => readFileSync(path, 'utf8') };
  return readDocument(content, file, sources, (document, place) => {
    const keys = readKeys(document, place, taken);
    if (production) refuseGuessable(keys, place);
    return keys.filter((key) => key !== undefined);
  });
}

function readKeys(
  document: unknown,
  place: Place,
  taken: readonly ApiKey[],
): readonly (ApiKey | undefined)[] {
  if (!Array.isArray(document) || document.length > MAX_KEYS) {
    refuse(place, `must be an array of ${MAX_KEYS} keys at most`);
    return [];
  }
  const keys = document.map((entry: unknown, index) => apiKey(entry, child(place, index)));
  for (const [index, key] of keys.entries()) {
    if (key) refuseContradictions(key, [...taken, ...keys.slice(0, index)], child(place, index));
  }
  return keys;
}

function refuseGuessable(keys: readonly (ApiKey | undefined)[], place: Place): void {
  if (keys.length === 0) return;
  const guessable = new Set<string>();
  for (const secret of guessableSecrets()) guessable.add(sha256(secret).toString('latin1'));
  for (const [index, key] of keys.entries()) {
    if (!key || !guessable.has(key.digest.toString('latin1'))) continue;
    refuse(
      child(child(place, index), 'sha256'),
      'must not be of a placeholder or an example when NODE_ENV=production; got ***',
    );
  }
}

function refuseContradictions(key: ApiKey, others: readonly (ApiKey | undefined)[], place: Place): void {
  if (others.some((other) => other?.name === key.name)) {
    refuse(child(place, 'name'), 'must be unique, API_KEYS included; it is taken');
  }
  if (others.some((other) => other?.digest.equals(key.digest))) {
    refuse(child(place, 'sha256'), 'must be unique, API_KEYS included; it is taken');
  }
  const adminScope = key.scopes.find(isAdminScope);
  if (key.externals && adminScope) {
    refuse(
      child(place, 'externals'),
      `must not be here where scopes has ${adminScope}, which sees every external`,
    );
  }
}
