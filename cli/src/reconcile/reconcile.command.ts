import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setFlagsFromString } from 'node:v8';
import { type Command, Option } from 'commander';
import type { PaymentState } from '../../../src/payments/payment-state.js';
import { newCommand } from '../command.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { timeOption } from '../option-values.js';
import { note, type Terminal } from '../terminal.js';
import { columnsOption, delimiterOption, statesOption } from './option-values.js';
import type { FindingFormat } from './output.js';
import type { Counts, Finding } from './reconcile.js';
import type { AmountNotation, ReportColumns } from './report-line.js';

interface Options {
  readonly external: string;
  readonly columns: ReportColumns;
  readonly amounts?: AmountNotation;
  readonly states?: ReadonlyMap<string, PaymentState>;
  readonly delimiter: string;
  readonly envFile?: string;
  readonly since?: number;
  readonly until?: number;
  readonly csv?: true;
  readonly json?: true;
}

export function reconcileCommand(terminal: Terminal): Command {
  return newCommand('reconcile', {
    summary: "Compare an external's report with the ledger",
    description:
      'Reads a CSV report of the external, looks up each paymentId in the ledger that DATABASE_URL names, and lists what ' +
      'the ledger lacks, what the report lacks, and what differs. Changes nothing, and can run beside the gateway.',
    examples: [
      [
        'tollgate reconcile june.csv --external acme --columns paymentId=Reference',
        'which payments both have',
      ],
      [
        '… --columns paymentId=Reference,amount=Gross,currency=Currency --amounts decimal',
        'and their amounts',
      ],
      [
        '… --columns paymentId=Ref,state=Status --states CAPTURED=ACCEPTED,DECLINED=FAILED',
        'and their states',
      ],
      ['… --since 2026-06-01T00:00:00Z --until 2026-07-01T00:00:00Z', 'of a month'],
    ],
    exitCodes: [
      [EXIT.ok, 'both sides agree'],
      [EXIT.failed, 'they do not, or a line cannot be compared'],
      [EXIT.usage, 'the command line or the environment is not valid, or the file cannot be read'],
      [
        EXIT.unreachable,
        'there is no ledger, or it cannot be reached; no space for output or temporary file',
      ],
      [EXIT.interrupted, 'Ctrl-C: nothing is left behind'],
    ],
  })
    .argument('<file>', 'the report: CSV in UTF-8 with a header')
    .requiredOption('--external <name>', 'whose report it is')
    .requiredOption(
      '--columns <list>',
      'comma-separated FIELD=COLUMN; fields are paymentId (always), amount, currency, state, refunded',
      columnsOption,
    )
    .addOption(
      new Option('--amounts <notation>', 'how the file writes amounts: 12.99, or 1299').choices([
        'decimal',
        'minor',
      ]),
    )
    .option(
      '--states <list>',
      "comma-separated WORD=STATE: the external's words for our states",
      statesOption,
    )
    .option('--delimiter <character>', 'between the cells', delimiterOption, ',')
    .option(
      '--since <time>',
      'the report must have the ACCEPTED payments from this time on (RFC 3339)',
      timeOption,
    )
    .option('--until <time>', 'and before this one', timeOption)
    .option('--env-file <file>', 'read DATABASE_URL and its like from this file instead of the environment')
    .addOption(new Option('--csv', 'print the findings as CSV').conflicts('json'))
    .option('--json', 'print the findings and counts as JSON')
    .action((file: string, options: Options) => runReconcile(terminal, file, options));
}

async function runReconcile(terminal: Terminal, file: string, options: Options): Promise<void> {
  assertFormat(options);
  keepHeapSmall();
  const [{ readReport }, { knowsExternal, reconcile }, output, { openLedger }, { readEnvironment }] =
    await Promise.all([
      import('./report-file.js'),
      import('./reconcile.js'),
      import('./output.js'),
      import('../ledger.js'),
      import('../env-file.js'),
    ]);
  const format = options.json ? output.JSON_FORMAT : options.csv ? output.CSV_FORMAT : output.TABLE_FORMAT;
  const ledger = await openLedger(readEnvironment(options.envFile));
  try {
    const lines = readReport(file, options.delimiter, {
      columns: options.columns,
      amounts: options.amounts,
      states: options.states ?? new Map(),
    });
    const findings = reconcile(lines, ledger, options.external, {
      since: options.since,
      until: options.until,
    });
    let counts: Counts | undefined;
    const texts = textsOf(findings, format, (all) => (counts = all));
    await pipeline(Readable.from(texts), terminal.stdout, { end: false });
    const summary = output.summaryOf(counts!);
    if (!output.agrees(counts!)) {
      const isKnown = await knowsExternal(ledger, options.external);
      const hint = isKnown ? '' : `; the ledger has no payment of ${options.external}: is --external right?`;
      throw new CommandError(`the report and the ledger differ: ${summary}${hint}`);
    }
    note(terminal, summary);
  } finally {
    await ledger.close();
  }
}

/**
 * V8 doubles its young generation each time as much as it holds has survived since the last time. Something always
 * survives, so that it would grow with the length of a run: to 128 MiB at 2,500,000 lines.
 */
function keepHeapSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

async function* textsOf(
  findings: AsyncGenerator<Finding, Counts>,
  format: FindingFormat,
  ended: (counts: Counts) => void,
): AsyncGenerator<string> {
  if (format.head) yield format.head;
  for (let index = 0; ; index++) {
    const { done, value } = await findings.next();
    if (done) {
      ended(value);
      if (format.tail(value)) yield format.tail(value);
      return;
    }
    yield format.finding(value, index);
  }
}

/** Amounts need a notation and, as decimals, a currency: 12.99 JPY is no amount. */
function assertFormat({ columns, amounts, since, until }: Options): void {
  const hasAmounts = columns.amount !== undefined || columns.refunded !== undefined;
  if (hasAmounts && amounts === undefined)
    throw new CommandError(
      'reconcile: --amounts must say how the file writes amounts: decimal or minor',
      EXIT.usage,
    );
  if (hasAmounts && amounts === 'decimal' && columns.currency === undefined)
    throw new CommandError('reconcile: --amounts decimal needs the column of the currency', EXIT.usage);
  if (since !== undefined && until !== undefined && since >= until)
    throw new CommandError('reconcile: --until must be later than --since', EXIT.usage);
}
