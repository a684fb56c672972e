import { readFileSync } from 'node:fs';
import { externalName } from '../rules/network-rules.js';
import { isJsonObject } from '../shared/json.js';
import type { ExternalsSource } from './config.js';
import { deepFreeze } from './deep-freeze.js';
import { displayText } from './display.js';
import type { Environment } from './environment.js';
import type { ExternalConfig } from './external-config.js';
import { externalReader } from './external-schema.js';
import { ExternalsFileError, type ExternalsFileProblem } from './externals-file-error.js';
import { readJsonFile } from './json-file.js';
import { errorCode, resolvePlaceholders, type PlaceholderSources } from './placeholder.js';
import {
  array,
  child,
  object,
  refuse,
  required,
  type Draft,
  type Place,
  type Reader,
} from './document-reader.js';

export interface ParseOptions extends PlaceholderSources {
  /** Names of the enabled externals; undefined: all. Placeholders of the others are not resolved. */
  readonly enabled: readonly string[] | undefined;
  /** Refuses externals without `callbackAuth`. Default false. */
  readonly requireCallbackAuth?: boolean;
  /** The file's name in problems. Default `externals.json`. */
  readonly file?: string;
}

type FileSource = Extract<ExternalsSource, { kind: 'file' }>;

/**
 * Reads the externals file and the files that its placeholders name.
 *
 * @throws ExternalsFileError with every problem at once, or with the reason why the file cannot be read
 */
export function readExternalsFile(
  source: FileSource,
  env: Environment = process.env,
  readFile: (path: string) => string = readTextFile,
): readonly ExternalConfig[] {
  let text: string;
  try {
    text = readFile(source.path);
  } catch (error) {
    throw new ExternalsFileError(source.path, [
      { pointer: '', detail: `must be a file that can be read; got ${errorCode(error)}` },
    ]);
  }
  return parseExternals(text, { ...source, file: source.path, env, readFile });
}

export function readTextFile(path: string): string {
  return readFileSync(path, 'utf8');
}

/**
 * Reads the enabled externals from the text of an externals file, in its order, deeply frozen (SPEC §6).
 *
 * @throws ExternalsFileError with every problem at once; nothing else, whatever the text
 */
export function parseExternals(text: string, options: ParseOptions): readonly ExternalConfig[] {
  const problems: ExternalsFileProblem[] = [];
  const externals = readDocument(text, options, problems);
  if (problems.length > 0) throw new ExternalsFileError(options.file ?? 'externals.json', problems);
  return deepFreeze(externals);
}

function readDocument(
  text: string,
  options: ParseOptions,
  problems: ExternalsFileProblem[],
): ExternalConfig[] {
  const place: Place = { pointer: '', problems, sources: options, resolves: true };
  const document = readJsonFile(text, place);
  return document === undefined ? [] : readExternals(document, place, options);
}

interface Entry {
  /** Undefined where it cannot be read. */
  readonly name: string | undefined;
  readonly enabled: boolean;
  readonly place: Place;
  readonly draft: Draft<ExternalConfig> | undefined;
}

function readExternals(document: unknown, place: Place, options: ParseOptions): ExternalConfig[] {
  const entries: Entry[] = [];
  const service: Reader<Draft<ExternalConfig>> = (value, at) => {
    const name = readName(value, options);
    // An entry whose name cannot be read counts as enabled: its problems are reported.
    const enabled = name === undefined || (options.enabled?.includes(name) ?? true);
    const draft = externalReader(value, { ...at, resolves: enabled });
    entries.push({ name, enabled, place: at, draft });
    return draft;
  };
  const services = array('a non-empty array of external services', service);
  object({ services: required('externalServices', services) })(document, place);

  refuseDuplicateNames(entries);
  refuseMissingNames(entries, child(place, 'externalServices'), options.enabled ?? []);
  const drafts = entries.flatMap(({ enabled, draft, place: at }) => {
    if (!enabled || !draft) return [];
    refuseContradictions(draft, at, options.requireCallbackAuth ?? false);
    return [draft];
  });
  // A draft is complete where there is no problem; otherwise nothing is returned to the caller.
  return drafts as ExternalConfig[];
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
  // A missing name may be the one that cannot be read, which is then the only problem.
  if (entries.length === 0 || entries.some(({ name }) => name === undefined)) return;
  const missing = enabled.filter((wanted) => entries.every(({ name }) => name !== wanted));
  if (missing.length === 0) return;
  refuse(place, `must have every external of ENABLED_PROVIDERS; got none named ${missing.join(', ')}`);
}

/** Checks the rules that concern more than one key. */
function refuseContradictions(
  draft: Draft<ExternalConfig>,
  place: Place,
  requireCallbackAuth: boolean,
): void {
  if (draft.auth?.type === 'mtls' && draft.baseUrl?.startsWith('http:')) {
    refuse(child(place, 'baseUrl'), 'must be an https URL where auth.type is mtls; got an http URL');
  }
  if (requireCallbackAuth && draft.callbackAuth?.type === 'none') {
    refuse(child(place, 'callbackAuth'), 'must be configured where REQUIRE_CALLBACK_AUTH=true; got none');
  }
}
