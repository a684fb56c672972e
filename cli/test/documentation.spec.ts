import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startSimulator, type Simulator } from '@tollgate/simulator';
import { type Gateway, startGateway } from '../../test/support/gateway.js';

const DOCUMENT = readFileSync('docs/cli.md', 'utf8');
/** Each command of the page, as a reader would paste it. `&` is the reader's shell, and here each runs alone. */
const COMMANDS = [...DOCUMENT.matchAll(/^```sh\n([^]*?)^```$/gm)]
  .flatMap(([, block]) =>
    block!
      .replace(/\\\n\s*/g, '')
      .trim()
      .split('\n'),
  )
  .map((line) => line.replace(/ +#.*$| &$/g, ''));

/** Commands that find something: their exit codes. All others end with 0. */
const FINDINGS: Readonly<Record<string, number>> = {
  'doctor --pgm-env': 1,
  'doctor --env-file': 1,
  'reconcile june.csv': 1,
  'export archive --verify': 1,
};

/**
 * `npx` of the commands: runs the sources. Checks one thing where the page checks all, listens on any free port, and
 * ends what runs until it is stopped once it listens.
 */
const NPX = `
import { spawn } from 'node:child_process';
const [, , program, command, ...args] = process.argv;
if (program !== 'tollgate') throw new Error('not a command of this page: ' + program);
const more = {
  verify: [...(args.some((arg) => /^--(only|list)$/.test(arg)) ? [] : ['--only', 'pay']), '--callback-port', '0'],
  trigger: ['--url', process.env.SIMULATOR],
  listen: ['--port', '0'],
};
const child = spawn(process.execPath, [...process.env.HOOKS.split(' '), command, ...args, ...(more[command] ?? [])], {
  stdio: ['ignore', 'pipe', 'pipe'],
  env: { ...process.env, HTTP_PORT: '0' },
});
let runs = command === 'start' || command === 'listen';
let printed = '';
for (const [from, to] of [[child.stdout, process.stdout], [child.stderr, process.stderr]])
  from.on('data', (chunk) => {
    to.write(chunk);
    printed += chunk;
    if (!runs || !/^(Listening|Tollgate is ready)/m.test(printed)) return;
    runs = false;
    child.kill('SIGTERM');
  });
child.on('close', (code) => process.exitCode = code ?? 1);
`;

let folder: string;
let simulator: Simulator;
let gateway: Gateway;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tollgate-cli-'));
  [simulator, gateway] = await Promise.all([startSimulator({ port: 0 }), startGateway()]);
  const files: Readonly<Record<string, string>> = {
    'sandbox.json': /^```json\n([^]*?)^```$/m.exec(DOCUMENT)![1]!,
    'externals.json': JSON.stringify({
      externalServices: [
        { externalService: 'acme', baseUrl: simulator.url, auth: { type: 'bearer', token: 'sandbox-token' } },
      ],
    }),
    'production.env': 'NODE_ENV=production\n',
    'pgm.env': 'ENABLED_PROVIDERS=acme\n',
    'june.csv': 'Reference,Gross,Currency,Status,Refunded\nacme-1,12.99,EUR,CAPTURED,0.00\n',
    'npx.mjs': NPX,
    npx: `#!/bin/sh\nexec "${process.execPath}" "${join(folder, 'npx.mjs')}" "$@"\n`,
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  chmodSync(join(folder, 'npx'), 0o755);
  mkdirSync(join(folder, 'archive'));
  // The ledger of the commands that read one.
  expect(await pasted('npx tollgate migrate')).toMatchObject({ exitCode: 0 });
}, 60_000);

afterAll(async () => {
  await Promise.all([simulator.close(), gateway.close()]);
  rmSync(folder, { recursive: true });
});

/** Runs a line of the page in the folder, with the addresses and places of this test. */
async function pasted(line: string): Promise<{ readonly exitCode: number; readonly output: string }> {
  const here = line
    .replace(/https?:\/\/(?:127\.0\.0\.1:(?:8090|9091)|acme\.test\/pay)/, simulator.url)
    .replaceAll('/var/lib/tollgate/', `${folder}/data/`)
    .replaceAll('/var/backups/', `${folder}/`);
  const shell = spawn('sh', ['-c', here], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: [folder, dirname(process.execPath), process.env['PATH']].join(delimiter),
      SIMULATOR: `${gateway.url}/v3/simulator`,
      HOOKS: [
        '--disable-warning=ExperimentalWarning',
        `--import=${pathToFileURL('test/support/typescript-hooks.js').href}`,
        join(process.cwd(), 'cli/src/main.ts'),
      ].join(' '),
    },
  });
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(shell.stdout),
    text(shell.stderr),
    once(shell, 'close') as Promise<[number]>,
  ]);
  return { exitCode, output: stdout + stderr };
}

describe('docs/cli.md', () => {
  it.each(COMMANDS)(
    '%s',
    async (line) => {
      const [, expected = 0] = Object.entries(FINDINGS).find(([command]) => line.includes(command)) ?? [];
      const { exitCode, output } = await pasted(line);
      // The output only where it helps.
      expect([exitCode, exitCode === expected ? '' : output]).toEqual([expected, '']);
    },
    60_000,
  );
});
