import { ConfigError } from '../../../src/config/config-error.js';
import type { Environment } from '../../../src/config/environment.js';
import type { ExternalConfig } from '../../../src/config/external-config.js';
import { parseExternals, readExternalsFile, readTextFile } from '../../../src/config/externals-file.js';
import { SystemClock } from '../../../src/shared/clock.js';
import { codeOf } from '../../../src/outbound/exchange.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { CallbackTarget } from './callback-target.js';
import { PACE } from './pace.js';

export interface ExternalAddress {
  readonly url: string;
  readonly name: string;
  /** Of one call. Default: the entry's, else the gateway's default. */
  readonly timeoutMs?: number | undefined;
  /** An externals file whose entry `name` has the credentials. */
  readonly configFile?: string | undefined;
}

/** @throws CommandError where URL, name or externals file are not valid */
export function externalOf(
  { url, name, timeoutMs, configFile }: ExternalAddress,
  environment: Environment = {},
): ExternalConfig {
  try {
    const [defaults] = parseExternals(
      JSON.stringify({
        externalServices: [
          { externalService: name, baseUrl: url, ...(timeoutMs !== undefined && { timeoutMs }) },
        ],
      }),
      { enabled: undefined, env: {}, readFile: readTextFile, file: 'the command line' },
    );
    if (configFile === undefined) return defaults!;
    const [entry] = readExternalsFile({ kind: 'file', path: configFile, enabled: [name] }, environment);
    return { ...entry!, baseUrl: defaults!.baseUrl, ...(timeoutMs !== undefined && { timeoutMs }) };
  } catch (error) {
    if (error instanceof ConfigError) throw new CommandError(inOptions(error.message), EXIT.usage);
    throw error;
  }
}

/** The command line has `--name` where a gateway has ENABLED_PROVIDERS. */
function inOptions(problem: string): string {
  return problem.replace('every external of ENABLED_PROVIDERS', 'the external of --name');
}

export interface CallbackAddress {
  readonly host: string;
  readonly port: number;
  /** The command line names the port: it has to be free. */
  readonly isGiven: boolean;
}

/** @throws CommandError where the port that the command line names is in use */
export async function openCallbacks(
  { host, port, isGiven }: CallbackAddress,
  { callbackAuth: auth }: ExternalConfig,
): Promise<CallbackTarget | string> {
  try {
    return await CallbackTarget.open({
      host,
      port,
      auth,
      clock: new SystemClock(),
      silenceMs: PACE.silenceMs,
    });
  } catch (error) {
    const reason = `callbacks cannot be received on ${host}:${port} (${codeOf(error)})`;
    if (isGiven) throw new CommandError(`${reason}: give another --callback-port`, EXIT.usage);
    return `${reason}: give --callback-port`;
  }
}
