import { readFileSync } from 'node:fs';
import { externalName } from '../rules/network-rules.js';
import { isJsonObject } from '../shared/json.js';
import { ConfigError } from './config-error.js';
import type { ExternalsSource } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import { displayText } from './problem-text.js';
import { array, child, draft, type Place, readDocument, refuse, required } from './document-reader.js';
import type { Environment } from './environment.js';
import type { CallbackAuthConfig, ExternalConfig } from './external-config.js';
import { externalReader } from './external-schema.js';
import type { Secret } from '../sensitive/secret.js';
import { weaknessOf } from './weak-secrets.js';
import { errorCode, type PlaceholderSources, resolvePlaceholders } from './placeholder.js';

export interface ParseOptions extends PlaceholderSources {
  /** Names of the enabled externals; undefined: all. Placeholders of the others are not resolved. */
  readonly enabled: readonly string[] | undefined;
  /** Refuses externals without `callbackAuth`. Default false. */
  readonly requireCallbackAuth?: boolean;
  /**
   * Refuses externals that do not say their `callbackAuth`, be it `none`, and weak secrets in it (SPEC §6). Default
   * false.
   */
  readonly production?: boolean;
  /** The file's name in problems. Default `externals.json`. */
  readonly file?: string;
}

/**
 * Reads the externals file and the files that its placeholders name.
 *
 * @throws ConfigError with every problem, or with the reason why the file cannot be read
 */
export function readExternalsFile(
  source: Extract<ExternalsSource, { kind: 'file' }>,
  env: Environment = process.env,
  readFile: (path: string) => string = readTextFile,
): readonly ExternalConfig[] {
  let text: string;
  try {
    text = readFile(source.path);
  } catch (error) {
    throw new ConfigError([`${source.path}#: must be a file that can be read; got ${errorCode(error)}`]);
  }
  return parseExternals(text, { ...source, file: source.path, env, readFile });
}

export function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}

/**
 * Reads the enabled externals from the text of an externals file, in its order, deeply frozen (SPEC §6).
 *
 * @throws ConfigError with every problem, and nothing else for any text
 */
export function parseExternals(text: string, options: ParseOptions): readonly ExternalConfig[] {
  const { file = 'externals.json' } = options;
  return deepFreeze(
    readDocument(text, file, options, (document, place) => readExternals(document, place, options)),
  );
}

interface Entry {
  /** Undefined where it is not valid. */
  readonly name: string | undefined;
  readonly enabled: boolean;
  readonly place: Place;
  readonly external: Partial<ExternalConfig>;
  readonly saysCallbackAuth: boolean;
}

function readExternals(document: unknown, place: Place, options: ParseOptions): ExternalConfig[] {
  const { enabled: wanted } = options;
  const readEntry = (value: unknown, at: Place): Entry => {
    const name = readName(value, options);
    // The problems of an entry without a valid name are reported: it may be an enabled one.
    const enabled = name === undefined || (wanted?.includes(name) ?? true);
    const external = externalReader(value, { ...at, resolves: enabled }) ?? {};
    // What is no object is refused already.
    const saysCallbackAuth = !isJsonObject(value) || Object.hasOwn(value, 'callbackAuth');
    return { name, enabled, place: at, external, saysCallbackAuth };
  };
  const services = required(array('a non-empty array of external services', readEntry), 'externalServices');
  const entries = draft<{ services: readonly Entry[] }>({ services })(document, place)?.services ?? [];
  refuseDuplicateNames(entries);
  refuseMissingNames(entries, child(place, 'externalServices'), wanted ?? []);
  const enabled = entries.filter((entry) => entry.enabled);
  for (const entry of enabled) refuseContradictions(entry, options);
  // Complete where there is no problem; otherwise `readDocument` throws.
  return enabled.map(({ external }) => external as ExternalConfig);
}

function readName(value: unknown, sources: PlaceholderSources): string | undefined {
  const raw = isJsonObject(value) ? value['externalService'] : undefined;
  const name = typeof raw === 'string' ? resolvePlaceholders(raw, sources, () => {}) : undefined;
  return name !== undefined && externalName.accepts(name) ? name : undefined;
}

function refuseDuplicateNames(entries: readonly Entry[]): void {
  const first = new Map<string, Place>();
  for (const { name, place } of entries) {
    if (name === undefined) continue;
    const taken = first.get(name);
    if (!taken) first.set(name, place);
    else
      refuse(
        child(place, 'externalService'),
        `must be unique; got ${displayText(name)}, as at ${taken.pointer}`,
      );
  }
}

function refuseMissingNames(entries: readonly Entry[], place: Place, enabled: readonly string[]): void {
  // A name that is not valid may be the missing one, and is reported already.
  if (entries.length === 0 || entries.some(({ name }) => name === undefined)) return;
  const missing = enabled.filter((wanted) => entries.every(({ name }) => name !== wanted));
  if (missing.length === 0) return;
  refuse(place, `must have every external of ENABLED_PROVIDERS; got none named ${missing.join(', ')}`);
}

/** Checks the rules about several keys of an entry. */
function refuseContradictions(
  { name, external, place, saysCallbackAuth }: Entry,
  { requireCallbackAuth = false, production = false }: ParseOptions,
): void {
  if (external.auth?.type === 'mtls' && external.baseUrl?.startsWith('http:')) {
    refuse(child(place, 'baseUrl'), 'must be an https URL where auth.type is mtls; got an http URL');
  }
  if (external.callbackStatus === 'trusted' && external.callbackAuth?.type !== 'standard-webhooks') {
    refuse(
      child(place, 'callbackStatus'),
      'must be left out unless callbackAuth.type is standard-webhooks: only its signature covers the body; got trusted',
    );
  }
  if (requireCallbackAuth && external.callbackAuth?.type === 'none') {
    refuse(child(place, 'callbackAuth'), 'must be configured where REQUIRE_CALLBACK_AUTH=true; got none');
  } else if (production && !saysCallbackAuth) {
    const whose = name === undefined ? 'the external' : `the external ${name}`;
    refuse(
      child(place, 'callbackAuth'),
      `must say in production how callbacks of ${whose} are authenticated, or { "type": "none" } to take them from ` +
        'anyone; got nothing',
    );
  }
  if (production && external.callbackAuth)
    refuseWeakSecrets(external.callbackAuth, child(place, 'callbackAuth'));
}

/** Those of `auth` are issued by the external and are its own decision. */
function refuseWeakSecrets(auth: CallbackAuthConfig, place: Place): void {
  for (const [key, secret] of callbackSecrets(auth)) {
    const weakness = weaknessOf(secret.reveal());
    if (weakness) refuse(child(place, key), `${weakness} when NODE_ENV=production; got ***`);
  }
}

function callbackSecrets(auth: CallbackAuthConfig): (readonly [key: string, secret: Secret])[] {
  switch (auth.type) {
    case 'none':
      return [];
    case 'bearer':
      return [['token', auth.token]];
    case 'basic':
      return [['password', auth.password]];
    case 'standard-webhooks':
      return auth.secrets.map((secret) => ['secret', secret]);
    default:
      return auth satisfies never;
  }
}
