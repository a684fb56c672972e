import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { newCommand } from '../command.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { integerOption } from '../option-values.js';
import { print, printJson, styled, type Terminal } from '../terminal.js';

interface Options {
  readonly name: string;
  readonly data?: string;
  readonly config?: string;
  readonly callbackHost: string;
  readonly callbackPort?: number;
  readonly timeout?: number;
  readonly restart?: string;
  readonly only?: readonly string[];
  readonly strict?: true;
  readonly list?: true;
  readonly json?: true;
  readonly junit?: string;
}

/** Where the gateway listens by default: an external that was written with it needs no other setting. */
const DEFAULT_CALLBACK_PORT = 8080;

export function verifyCommand(terminal: Terminal): Command {
  return newCommand('verify', {
    summary: 'Check an external: is money safe with it?',
    description:
      'Plays the gateway and the target of callbacks for the external at URL, and makes some seventy checks: the ' +
      'contract, amounts, declines, refunds, callbacks, Idempotency-Key, what it offers besides. Prints the entry for ' +
      'the externals file that it has earned. It makes payments: use a sandbox. Each failed check is repeated once.',
    examples: [
      ['tollgate verify http://127.0.0.1:8090', 'the simulator'],
      [
        'tollgate verify http://127.0.0.1:9091 --data sandbox.json',
        'with your own sandbox data (docs/cli.md)',
      ],
      ['tollgate verify https://acme.test/pay --config externals.json --name acme', 'with its credentials'],
      ['tollgate verify http://127.0.0.1:9091 --only key-repeat,refunds', 'a check and a group'],
      ['tollgate verify http://127.0.0.1:9091 --junit report.xml', 'in CI'],
    ],
    exitCodes: [
      [EXIT.ok, 'no check of level "must" or "offers" has failed'],
      [EXIT.failed, 'at least one has, or was flaky with a wrong answer (--strict: any check)'],
      [EXIT.usage, 'the command line, the data file or the externals file is not valid'],
      [EXIT.unreachable, 'nothing at URL can be checked: no answer, TLS failure, a page, wrong credentials'],
      [EXIT.interrupted, 'Ctrl-C or SIGTERM: connections and callback port are closed'],
    ],
  })
    .argument('[url]', 'the base URL of the external')
    .option('--data <file>', "JSON: payments of your sandbox (default: the simulator's)")
    .option('--config <file>', 'externals file with the credentials of --name')
    .option('--name <name>', 'name of the external', 'external')
    .option(
      '--callback-port <n>',
      `receive callbacks on this port (default: ${DEFAULT_CALLBACK_PORT})`,
      integerOption(0, 65_535),
    )
    .option('--callback-host <host>', 'and this address', '127.0.0.1')
    .option('--timeout <ms>', 'of one call (default: 10000)', integerOption(100, 600_000))
    .option('--restart <command>', 'a shell command that restarts the external')
    .option('--only <list>', 'comma-separated ids of checks, and titles of groups', list)
    .option('--strict', 'let checks of level "should" and flaky ones fail the run')
    .option('--list', 'list the checks, and run none')
    .option('--json', 'print the report as JSON')
    .option('--junit <file>', 'also write the report as JUnit XML')
    .action((url: string | undefined, options: Options) =>
      options.list ? listChecks(terminal, options) : runVerify(terminal, url, options),
    );
}

async function runVerify(terminal: Terminal, url: string | undefined, options: Options): Promise<void> {
  if (url === undefined) throw new CommandError('verify: the URL of the external is missing', EXIT.usage);
  const [
    { verify },
    { externalOf, openCallbacks },
    { readSandboxData, SIMULATOR_DATA },
    { textOf },
    { junitOf, junitOfError },
  ] = await Promise.all([
    import('./verify.js'),
    import('./set-up.js'),
    import('./sandbox-data.js'),
    import('./report/text.js'),
    import('./report/junit.js'),
  ]);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  let progress = 'before the first check';
  const showsProgress = 'isTTY' in terminal.stderr && terminal.stderr.isTTY === true;
  try {
    const {
      name,
      config: configFile,
      timeout: timeoutMs,
      callbackHost,
      callbackPort,
      restart,
      only,
    } = options;
    // oxlint-disable-next-line node/no-process-env -- placeholders of the externals file
    const external = externalOf({ url, name, timeoutMs, configFile }, process.env);
    const data = options.data === undefined ? SIMULATOR_DATA : readSandboxData(options.data);
    const address = {
      host: callbackHost,
      port: callbackPort ?? DEFAULT_CALLBACK_PORT,
      isGiven: callbackPort !== undefined,
    };
    const report = await verify({
      url,
      external,
      data,
      callbacks: await openCallbacks(address, external),
      restart,
      only,
      strict: options.strict === true,
      signal: interruption.signal,
      onResult: ({ check }, done, all) => {
        progress = `after ${done} of ${all} checks`;
        if (showsProgress) terminal.stderr.write(`\r\u001B[K${done}/${all} ${check.id}`);
      },
    });
    if (showsProgress) terminal.stderr.write('\r\u001B[K');
    if (options.junit !== undefined) writeJunit(options.junit, junitOf(report));
    if (options.json) printJson(terminal, report);
    else
      print(
        terminal,
        textOf(report, (style, text) => styled(terminal.stdout, style, text)),
      );
    if (!report.passed) process.exitCode = EXIT.failed;
  } catch (error) {
    const end = interruption.signal.aborted
      ? new CommandError(
          `interrupted ${progress}; connections and callback port are closed. Payments that were made stay in the sandbox`,
          EXIT.interrupted,
        )
      : error;
    const isUntold = end instanceof CommandError && end.exitCode !== EXIT.usage;
    if (options.junit !== undefined && isUntold) writeJunit(options.junit, junitOfError(url, end.message));
    throw end;
  } finally {
    process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
}

async function listChecks(terminal: Terminal, { json }: Options): Promise<void> {
  const [{ checkGroups }, { SIMULATOR_DATA }] = await Promise.all([
    import('./checks/checks.js'),
    import('./sandbox-data.js'),
  ]);
  const groups = checkGroups(SIMULATOR_DATA.currencies);
  if (json) {
    const checks = groups.flatMap(({ title: group, checks: own }) =>
      own.map(({ id, level, title, spec, mend }) => ({ id, group, level, title, spec, mend })),
    );
    return printJson(terminal, checks);
  }
  for (const { title, checks } of groups) {
    print(terminal, styled(terminal.stdout, 'bold', title));
    for (const check of checks)
      print(
        terminal,
        `  ${check.id.padEnd(26)}${check.level.padEnd(8)}${check.spec.padEnd(4)}${check.title}`,
      );
  }
}

function writeJunit(path: string, xml: string): void {
  try {
    writeFileSync(path, xml);
  } catch (error) {
    throw new CommandError(`--junit: ${(error as Error).message}`, EXIT.usage);
  }
}

function list(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}
