import type { Command } from 'commander';
import { newCommand } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { note, print, printJson, styled, type Terminal } from '../terminal.js';

const MADE = [EXIT.ok, 'the key was made'] as const;
const USAGE = [EXIT.usage, 'the command line is not valid'] as const;
const JSON_OPTION = ['--json', 'print JSON, for programs'] as const;

interface JsonOption {
  readonly json?: true;
}

interface ApiOptions extends JsonOption {
  readonly scopes?: readonly string[];
  readonly externals?: readonly string[];
}

/** A command line is no place for secrets: keys are made here, never read. */
export function keysCommand(terminal: Terminal): Command {
  return newCommand('keys', {
    summary: 'Make API keys and secrets',
    description:
      'Makes API keys, webhook secrets and fingerprint keys. Nothing is stored: each is printed once.',
    examples: [
      ['tollgate keys api shop', 'a key for callers, and its entry for API_KEYS_FILE'],
      ['tollgate keys webhook', 'for NOTIFICATION_SECRET, or a receiver'],
      ['tollgate keys fingerprint', 'for FINGERPRINT_KEY'],
    ],
    exitCodes: [MADE, USAGE],
  })
    .addCommand(apiCommand(terminal))
    .addCommand(webhookCommand(terminal))
    .addCommand(fingerprintCommand(terminal));
}

function apiCommand(terminal: Terminal): Command {
  return newCommand('api', {
    summary: 'Make an API key',
    description:
      'Makes an API key. The secret is for the caller (header X-Api-Key); the entry, which has only its digest, is ' +
      'for the file that API_KEYS_FILE names.',
    examples: [
      ['tollgate keys api shop', 'all operations of /v3, all externals'],
      ['tollgate keys api support --scopes admin-read', 'for the console'],
      ['tollgate keys api till --scopes payments,read --externals acme', 'one external'],
      ["tollgate keys api shop --json | jq '[.entry]' > api-keys.json", 'a first file'],
    ],
    exitCodes: [MADE, USAGE],
  })
    .argument('<name>', 'names the caller in logs and in the audit')
    .option('--scopes <list>', 'comma-separated (default: all but those of /admin)', list)
    .option('--externals <list>', 'comma-separated (default: all)', list)
    .option(...JSON_OPTION)
    .action(async (name: string, { json, ...options }: ApiOptions) => {
      const { makeApiKey } = await import('./keys.js');
      const key = makeApiKey({ name, ...options });
      if (json) return printJson(terminal, key);
      const bold = (text: string): string => styled(terminal.stdout, 'bold', text);
      print(terminal, `Secret, for the caller; it is not shown again:\n\n  ${bold(key.secret)}\n`);
      print(terminal, `Entry, for the array in the file of API_KEYS_FILE:\n\n  ${JSON.stringify(key.entry)}`);
    });
}

function webhookCommand(terminal: Terminal): Command {
  return newCommand('webhook', {
    summary: 'Make a secret of Standard Webhooks (whsec_…)',
    examples: [['tollgate keys webhook', 'prints whsec_…']],
    exitCodes: [MADE, USAGE],
  })
    .option(...JSON_OPTION)
    .action(async ({ json }: JsonOption) => {
      const { makeWebhookSecret } = await import('./keys.js');
      printSecret(terminal, makeWebhookSecret(), 'For NOTIFICATION_SECRET, a receiver or callbacks.', json);
    });
}

function fingerprintCommand(terminal: Terminal): Command {
  return newCommand('fingerprint', {
    summary: 'Make a key for FINGERPRINT_KEY',
    examples: [['tollgate keys fingerprint', 'prints 64 hexadecimal digits']],
    exitCodes: [MADE, USAGE],
  })
    .option(...JSON_OPTION)
    .action(async ({ json }: JsonOption) => {
      const { makeFingerprintKey } = await import('./keys.js');
      printSecret(terminal, makeFingerprintKey(), 'For FINGERPRINT_KEY, the same on every replica.', json);
    });
}

/** The secret alone is on stdout, so that `$(tollgate keys webhook)` is the secret. */
function printSecret(terminal: Terminal, secret: string, use: string, json: true | undefined): void {
  if (json) return printJson(terminal, { secret });
  print(terminal, secret);
  note(terminal, styled(terminal.stderr, 'dim', use));
}

function list(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}
