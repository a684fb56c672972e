import { parseArgs } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { SCENARIO_NAMES, SCENARIOS } from './scenarios.js';
import { startSimulator, type SimulatorOptions } from './simulator.js';

const HELP = `Tollgate simulator: an external and a receiver for tests and demonstrations. No money moves.

  npm run simulator -- --port 9090 --callback-url http://127.0.0.1:8080/v3/simulator/callback

  --port N                    listen on this port; 0: any free port (9090)
  --host ADDRESS              listen on this address (127.0.0.1)
  --public-url URL            base of links and redirects for browsers (its own address)
  --callback-url URL          the gateway's /v3/{external}/callback; without it, no callbacks
  --callback-secret SECRETS   whsec_...: sign callbacks (Standard Webhooks); separate two secrets by a space
  --callback-bearer TOKEN     send callbacks with Authorization: Bearer
  --notification-secret S     whsec_...: verify notifications; separate two secrets by a space during a rotation
  --ignore-idempotency-key    execute repeats again, like an external without idempotency
  --max-payments N            keep at most N payments (100000)
  --memory FILE               remember everything in this file across restarts; without it, a restart forgets
  --help

Scenarios, by providerData.scenario:
${SCENARIO_NAMES.map((name) => `  ${name.padEnd(20)}${SCENARIOS[name].summary}`).join('\n')}
Also in providerData: delayMs, finalStatus, executed, callbackMethod, callbackTimes, expireScenario.
Open / in a browser for more.
`;

/** An invalid command line; the program prints its message in one line. */
class UsageError extends Error {}

/** Parses the command line; undefined for `--help`. */
export function optionsOf(args: readonly string[]): SimulatorOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string', default: '9090' },
      host: { type: 'string', default: '127.0.0.1' },
      'public-url': { type: 'string' },
      'callback-url': { type: 'string' },
      'callback-secret': { type: 'string' },
      'callback-bearer': { type: 'string' },
      'notification-secret': { type: 'string' },
      'ignore-idempotency-key': { type: 'boolean', default: false },
      memory: { type: 'string' },
      'max-payments': { type: 'string', default: '100000' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    port: integer('--port', values.port, 0, 65_535),
    host: values.host,
    publicUrl: httpUrl('--public-url', values['public-url'])?.replace(/\/+$/, ''),
    callbackUrl: httpUrl('--callback-url', values['callback-url']),
    callbackSecrets: webhookSecrets('--callback-secret', values['callback-secret']),
    callbackBearer: values['callback-bearer'] || undefined,
    notificationSecrets: webhookSecrets('--notification-secret', values['notification-secret']),
    honourIdempotencyKey: !values['ignore-idempotency-key'],
    memoryPath: values.memory || undefined,
    maxPayments: integer('--max-payments', values['max-payments'], 1, 10_000_000),
  };
}

function integer(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new UsageError(`${name} must be an integer from ${min} to ${max}, not "${text}"`);
}

function httpUrl(name: string, text: string | undefined): string | undefined {
  if (text === undefined || (/^https?:\/\//i.test(text) && URL.canParse(text))) return text;
  throw new UsageError(`${name} must be an http(s) URL, not "${text}"`);
}

function webhookSecrets(name: string, value: string | undefined): string[] {
  const secrets = value?.split(/\s+/).filter(Boolean) ?? [];
  if (secrets.every(isWebhookSecret)) return secrets;
  throw new UsageError(`${name} must be whsec_ followed by base64`);
}

function isWebhookSecret(secret: string): boolean {
  try {
    return secret.startsWith('whsec_') && new Webhook(secret) instanceof Webhook;
  } catch {
    return false;
  }
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return;
  }
  const simulator = await startSimulator(options);
  process.stdout.write(
    `Simulator ready: external at ${simulator.url}, receiver at ${simulator.url}/receiver\n`,
  );
  const stop = (): void => void simulator.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    process.stderr.write(`simulator: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode =
      error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') ? 2 : 1;
  }
}
