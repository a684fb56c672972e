import type { Command } from 'commander';
import type { Secret } from '../../../src/sensitive/secret.js';
import { newCommand } from '../command.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { integerOption, urlOption } from '../option-values.js';
import { note, print, styled, type Style, type Terminal } from '../terminal.js';
import type { Delivery } from './listener.js';

interface ListenCommandOptions {
  readonly port: number;
  readonly host: string;
  readonly forward?: string;
  readonly secret?: string;
  readonly fail: number;
  readonly failStatus: number;
  readonly json?: true;
}

export function listenCommand(terminal: Terminal): Command {
  return newCommand('listen', {
    summary: 'Receive notifications in this terminal',
    description:
      'A receiver that verifies signatures, and prints and forwards each notification, resends included, until Ctrl-C. ' +
      'Secrets come from NOTIFICATION_SECRET unless --secret has them; without any, signatures are not checked.',
    examples: [
      ['tollgate listen', 'PAYMENT_CALLBACK_URL of the gateway: http://127.0.0.1:8091/'],
      ['tollgate listen --forward http://localhost:3000/webhooks', 'to the receiver that you write'],
      ['tollgate listen --fail 3', 'refuse three deliveries, to see the gateway send them again'],
    ],
    exitCodes: [
      [EXIT.ok, 'it was stopped (Ctrl-C, SIGTERM), which is how it ends'],
      [EXIT.failed, 'the port is in use'],
      [EXIT.usage, 'the command line is not valid'],
    ],
  })
    .option('--port <n>', 'listen on this port; 0: any free one', integerOption(0, 65_535), 8_091)
    .option('--host <address>', 'listen on this address', '127.0.0.1')
    .option('--forward <url>', 'send each verified notification on, and answer as this URL does', urlOption)
    .option('--secret <secrets>', 'whsec_…; two during a rotation, separated by a space')
    .option('--fail <n>', 'let this many deliveries fail first', integerOption(0, 1_000_000), 0)
    .option('--fail-status <status>', 'with this status', integerOption(300, 599), 503)
    .option('--json', 'print one line of JSON for each delivery')
    .action(async (options: ListenCommandOptions) => {
      const [{ startListener }, { processEnvironment }, { SystemClock }] = await Promise.all([
        import('./listener.js'),
        import('../../../src/config/environment.js'),
        import('../../../src/shared/clock.js'),
      ]);
      const clock = new SystemClock();
      const { json, forward } = options;
      const secrets = await secretsIn(options.secret ?? processEnvironment()['NOTIFICATION_SECRET']);
      let deliveries = 0;
      const listener = await startListener({
        port: options.port,
        host: options.host,
        secrets,
        forwardUrl: forward,
        failures: options.fail,
        failStatus: options.failStatus,
        now: () => clock.now(),
        onDelivery: (delivery) => {
          deliveries += 1;
          print(terminal, json ? JSON.stringify(delivery) : lineOf(terminal, delivery));
        },
      }).catch((error: unknown) => {
        throw new CommandError(`cannot listen on port ${options.port}: ${(error as Error).message}`);
      });
      // Before it says that it listens: who waits for that line may stop it at once.
      const stopped = interrupted();
      const checked = secrets.length > 0 ? 'signatures are verified' : 'signatures are NOT checked';
      note(terminal, `Listening: PAYMENT_CALLBACK_URL=${listener.url} (${checked}). Ctrl-C ends it.`);
      await stopped;
      await listener.close();
      note(terminal, `\n${deliveries} ${deliveries === 1 ? 'delivery' : 'deliveries'}.`);
    });
}

async function secretsIn(text: string | undefined): Promise<readonly Secret[]> {
  const [{ webhookSecrets }, { Violation }] = await Promise.all([
    import('../../../src/config/webhook-secrets.js'),
    import('../../../src/rules/rule.js'),
  ]);
  if (!text) return [];
  const secrets = webhookSecrets.read(text);
  if (!(secrets instanceof Violation)) return secrets;
  throw new CommandError(`--secret or NOTIFICATION_SECRET must be ${webhookSecrets.allowed}`, EXIT.usage);
}

function lineOf({ stdout }: Terminal, delivery: Delivery): string {
  const { event, body, signature, attempt, answer, reason, id } = delivery;
  const { status, paymentId, refundId, subscriptionToken, shopTransactionId, version } = (
    typeof body === 'object' && body !== null ? body : {}
  ) as Record<string, string | number | undefined>;
  const subject = refundId ?? subscriptionToken ?? paymentId ?? shopTransactionId ?? id ?? '?';
  const isGood = answer < 300;
  const style: Style = isGood ? 'green' : 'red';
  return [
    new Date().toISOString().slice(11, 19),
    styled(stdout, style, String(answer)),
    event ?? 'notification',
    styled(stdout, 'bold', String(status ?? 'without status')),
    subject,
    ...(version === undefined ? [] : [`version ${version}`]),
    signature,
    ...(attempt > 1 ? [`attempt ${attempt}`] : []),
    ...(reason === undefined ? [] : [`(${reason})`]),
  ].join('  ');
}

/** The first Ctrl-C or SIGTERM; the process does not end by it. */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
}
