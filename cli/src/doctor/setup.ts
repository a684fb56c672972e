import { readFileSync } from 'node:fs';
import { ConfigError } from '../../../src/config/config-error.js';
import type { Config, ExternalsSource, ReceiversSource } from '../../../src/config/config.js';
import {
  configurationWarnings,
  externalsWarnings,
  receiversWarnings,
} from '../../../src/config/configuration-warnings.js';
import type { Environment } from '../../../src/config/environment.js';
import type { ExternalConfig } from '../../../src/config/external-config.js';
import { parseExternals, readExternalsFile, readTextFile } from '../../../src/config/externals-file.js';
import { loadConfig } from '../../../src/config/load-config.js';
import { misspeltVariables } from '../../../src/config/misspelt-variables.js';
import type { ReceiverConfig } from '../../../src/config/receiver-config.js';
import { PAYMENT_CALLBACK } from '../../../src/config/receiver-config.js';
import { readReceiversFile } from '../../../src/config/receivers-file.js';
import { configuredKey, readApiKeysFile } from '../../../src/security/api-keys-file.js';
import type { Finding } from './finding.js';
import { leftovers } from './leftovers.js';
import { remedyOf } from './remedies.js';

/** Everything that the environment and its files say, as far as it can be read, and what is wrong with it. */
export interface Setup {
  /** Of a set-up that is not valid: without what is not valid. */
  readonly config: Config;
  readonly externals: readonly ExternalConfig[];
  /** That of `PAYMENT_CALLBACK_URL` first. */
  readonly receivers: readonly ReceiverConfig[];
  readonly findings: readonly Finding[];
}

/** Reads it as the gateway does at its start, and goes on where the gateway stops. */
export function readSetup(env: Environment): Setup {
  const environment = readEnvironment(env);
  const { config } = environment;
  const externals = readExternals(config.externals, env);
  const receivers = readReceivers(config, env);
  const keys = problemsOf(() => readKeysFile(config));
  const findings = [
    ...environment.problems.map((problem) => wrong('environment', problem)),
    ...externals.problems.map((problem) => wrong('externals file', problem)),
    ...receivers.problems.map((problem) => wrong('receivers file', problem)),
    ...keys.map((problem) => wrong('API keys file', problem)),
  ];
  const names = [...externals.names, ...(config.externals.kind === 'simulator' ? ['simulator'] : [])];
  const warnings = [
    ...misspeltVariables(env),
    ...configurationWarnings(config).filter((warning) => !isAbout(warning, environment.problems)),
    ...externalsWarnings(externals.valid, config),
    ...receiversWarnings(receivers.valid, names),
  ];
  return {
    config,
    externals: externals.readable,
    receivers: receivers.readable,
    findings: [
      ...findings,
      ...warnings.map((problem) => ({
        level: 'risk' as const,
        subject: subjectOf(problem),
        problem,
        remedy: remedyOf(problem),
      })),
      ...leftovers(config, externals.valid, receivers.valid),
    ],
  };
}

function wrong(subject: string, problem: string): Finding {
  return { level: 'wrong', subject, problem, remedy: remedyOf(problem) };
}

/** Warnings name their external or receiver first. */
function subjectOf(warning: string): string {
  return /^((?:external|receiver) [^:]+):/.exec(warning)?.[1] ?? 'environment';
}

/** Whether a warning is about a variable that already has a problem. */
function isAbout(warning: string, problems: readonly string[]): boolean {
  const name = /^[A-Z_]+/.exec(warning)?.[0];
  return name !== undefined && problems.some((problem) => problem.startsWith(`${name}:`));
}

function problemsOf(read: () => void): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** Where the environment is not valid: its problems, and the configuration without the variables that have one. */
function readEnvironment(env: Environment): {
  readonly config: Config;
  readonly problems: readonly string[];
} {
  let config: Config | undefined;
  const problems = problemsOf(() => void (config = loadConfig(env)));
  if (config) return { config, problems };
  const { NODE_ENV, ...rest } = env;
  // In any letter case, as the gateway reads it.
  const production = NODE_ENV?.trim().toLowerCase() === 'production';
  const readable = readableConfig(rest);
  return { config: production ? inProduction(readable, env) : readable, problems };
}

/** What production demands of the files, and does by default. */
function inProduction(config: Config, env: Environment): Config {
  const { callers, externals, notifications } = config;
  const { receivers } = notifications;
  return {
    ...config,
    production: true,
    callers: { ...callers, production: true, auth: env['API_AUTH'] ? callers.auth : 'required' },
    externals: externals.kind === 'file' ? { ...externals, production: true } : externals,
    notifications: { ...notifications, receivers: receivers && { ...receivers, production: true } },
  };
}

/** Leaves out what has a problem, and then what belongs to it, by its first word (`OIDC_ISSUER`, `OIDC_AUDIENCE`). */
function readableConfig(env: Environment): Config {
  let rest = env;
  for (const widen of [false, true]) {
    let config: Config | undefined;
    const problems = problemsOf(() => void (config = loadConfig(rest)));
    if (config) return config;
    const names = problems.map((problem) => problem.split(':', 1)[0]!);
    const isLeftOut = (name: string): boolean =>
      names.some((left) => left === name || (widen && name.startsWith(`${left.split('_', 1)[0]}_`)));
    rest = Object.fromEntries(Object.entries(rest).filter(([name]) => !isLeftOut(name)));
  }
  try {
    return loadConfig(rest);
  } catch {
    return loadConfig({});
  }
}

interface Entries<Entry> {
  readonly problems: readonly string[];
  /** Entries without a problem. */
  readonly valid: readonly Entry[];
  /** The same, and those that can be used to look further: with a weak secret, say. */
  readonly readable: readonly Entry[];
  /** Of all externals of the file, as it names them. */
  readonly names: readonly string[];
}

function readExternals(source: ExternalsSource, env: Environment): Entries<ExternalConfig> {
  if (source.kind === 'simulator') return { problems: [], valid: [], readable: [], names: [] };
  let all: readonly ExternalConfig[] = [];
  const problems = problemsOf(() => void (all = readExternalsFile(source, env)));
  const { path, enabled } = source;
  const lenient = { enabled: undefined, env, readFile: readTextFile, file: path };
  return problems.length === 0
    ? { problems, valid: all, readable: all, names: all.map(({ name }) => name) }
    : entriesOf(path, 'externalServices', problems, (text) =>
        parseExternals(text, lenient).filter(({ name }) => enabled?.includes(name) ?? true),
      );
}

function readReceivers(config: Config, env: Environment): Entries<ReceiverConfig> {
  const { receiverUrl: url, secrets, receivers: source } = config.notifications;
  const first: readonly ReceiverConfig[] =
    url === undefined
      ? []
      : [{ name: PAYMENT_CALLBACK, url, secrets, events: ['payment'], externals: undefined }];
  const file = source ? readReceiversOf(source, env) : undefined;
  return {
    problems: file?.problems ?? [],
    valid: [...first, ...(file?.valid ?? [])],
    readable: [...first, ...(file?.readable ?? [])],
    names: [],
  };
}

function readReceiversOf(source: ReceiversSource, env: Environment): Entries<ReceiverConfig> {
  let all: readonly ReceiverConfig[] = [];
  const problems = problemsOf(() => void (all = readReceiversFile(source, undefined, env)));
  return problems.length === 0
    ? { problems, valid: all, readable: all, names: [] }
    : entriesOf(source.path, 'receivers', problems, (text) =>
        readReceiversFile({ ...source, production: false }, () => text, env),
      );
}

/** Reads each entry of a file with problems by itself: one that is broken hides no other. */
function entriesOf<Entry extends { readonly name: string }>(
  path: string,
  member: string,
  problems: readonly string[],
  read: (text: string) => readonly Entry[],
): Entries<Entry> {
  const readable: Entry[] = [];
  const valid: Entry[] = [];
  const list = listIn(path, member);
  for (const [index, entry] of list.entries()) {
    let entries: readonly Entry[] = [];
    problemsOf(() => void (entries = read(JSON.stringify({ [member]: [entry] }))));
    readable.push(...entries);
    const hasProblem = problems.some((problem) =>
      new RegExp(`#/${member}/${index}(?:/[^:]*)?:`).test(problem),
    );
    if (!hasProblem) valid.push(...entries);
  }
  const names = list.map((entry) => String((entry as { externalService?: unknown } | null)?.externalService));
  return { problems, valid, readable, names };
}

function listIn(path: string, member: string): readonly unknown[] {
  try {
    const list = (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown> | null)?.[member];
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

function readKeysFile({ callers: { keysFile, keys, production } }: Config): void {
  if (keysFile !== undefined) readApiKeysFile(keysFile, keys.map(configuredKey), production ?? false);
}
