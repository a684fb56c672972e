import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Store } from '../../src/persistence/store.js';
import { call } from '../../test/support/client.js';
import { type Gateway, startGateway } from '../../test/support/gateway.js';
import { startStubExternal, type StubExternal } from '../../test/support/stub-external.js';
import { minorUnits } from '../src/reconcile/report-line.js';
import type { Finding } from '../src/reconcile/reconcile.js';
import { runCli } from './cli.js';

describe('minorUnits', () => {
  it.each([
    ['12.99', 'EUR', 1_299],
    ['12.9', 'EUR', 1_290],
    ['12', 'EUR', 1_200],
    ['12.990', 'EUR', 1_299],
    ['0.00', 'EUR', 0],
    ['1299', 'JPY', 1_299],
    ['1299.00', 'JPY', 1_299],
    ['1.234', 'KWD', 1_234],
    ['1.2345', 'CLF', 12_345],
    ['9999999999.99', 'EUR', 999_999_999_999],
  ])('reads the decimals %s %s as %d', (text, currency, expected) => {
    expect(minorUnits(text, 'decimal', currency)).toBe(expected);
  });

  it.each([
    ['12.999', 'EUR'],
    ['12.5', 'JPY'],
    ['12,99', 'EUR'],
    ['1,299.00', 'EUR'],
    ['-12.99', 'EUR'],
    ['1e3', 'EUR'],
    ['.99', 'EUR'],
    ['12.', 'EUR'],
    ['', 'EUR'],
    ['10000000000.00', 'EUR'],
    ['12.99', 'XYZ'],
  ])('refuses the decimals "%s" %s', (text, currency) => {
    expect(minorUnits(text, 'decimal', currency)).toBeUndefined();
  });

  it('reads minor units as they are, and no decimals there', () => {
    expect([minorUnits('1299', 'minor', null), minorUnits('12.99', 'minor', 'EUR')]).toEqual([
      1_299,
      undefined,
    ]);
  });
});

/** A gateway that has paid, declined and refunded, and what its external reports. */
describe('tollgate reconcile', () => {
  let external: StubExternal;
  let gateway: Gateway;
  let folder: string;
  let env: string;
  let report: string[][];

  const HEADER = ['Reference', 'Gross', 'Currency', 'Status', 'Refunded'];
  const COLUMNS = 'paymentId=Reference,amount=Gross,currency=Currency,state=Status,refunded=Refunded';
  const ALL = ['--columns', COLUMNS, '--amounts', 'decimal', '--states', 'CAPTURED=ACCEPTED,DECLINED=FAILED'];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'reconcile-'));
    external = await startStubExternal();
    const entry = { baseUrl: external.url };
    gateway = await startGateway({
      externals: [
        { externalService: 'acme', ...entry },
        { externalService: 'other', ...entry },
      ],
      env: { WORKERS: 'off' },
    });
    env = join(folder, 'ledger.env');
    const lines = Object.entries(gateway.database).map(([name, value]) => `${name}='${value}'`);
    writeFileSync(env, lines.join('\n'));
    external.behave(({ url, body }) => {
      const { shopTransactionId, amount } = JSON.parse(body) as Record<string, unknown>;
      if (url.endsWith('/refund')) return { result: 'OK', refundId: `rf-${String(amount)}` };
      if (shopTransactionId === 'declined') return { result: 'KO', paymentId: 'pm-declined' };
      return { result: 'OK', paymentId: `pm-${String(shopTransactionId)}` };
    });
    for (const [order, amount, currency] of [
      ['plain', 1_299, 'EUR'],
      ['refunded', 5_000, 'JPY'],
      ['declined', 700, 'EUR'],
      ['=1+1', 1_234, 'KWD'],
    ])
      await post('acme/pay', { amount, currency, shopTransactionId: order });
    await post('acme/refund', { amount: 2_000, currency: 'JPY', paymentId: 'pm-refunded' });
    await post('other/pay', { amount: 1, currency: 'EUR', shopTransactionId: 'elsewhere' });
  });

  afterAll(async () => {
    await gateway.close();
    await external.close();
    rmSync(folder, { recursive: true });
  });

  beforeEach(() => {
    report = [
      ['pm-plain', '12.99', 'EUR', 'CAPTURED', ''],
      ['pm-refunded', '5000', 'JPY', 'CAPTURED', '2000'],
      ['pm-declined', '7.00', 'EUR', 'DECLINED', '0'],
      ['pm-=1+1', '1.234', 'KWD', 'CAPTURED', '0.000'],
    ];
  });

  async function post(path: string, body: object): Promise<void> {
    const { status } = await call(`${gateway.url}/v3/${path}`, 'POST', body);
    expect(status).toBe(200);
  }

  function written(text = [HEADER, ...report].map((cells) => cells.join(',')).join('\n')): string {
    const path = join(folder, 'report.csv');
    writeFileSync(path, text);
    return path;
  }

  const run = (...args: string[]) =>
    runCli('reconcile', written(), '--external', 'acme', '--env-file', env, ...args);

  async function findings(...args: string[]): Promise<readonly Finding[]> {
    const { stdout, exitCode, stderr } = await run(...(args.length > 0 ? args : ALL), '--json');
    const { findings: found } = JSON.parse(stdout) as { findings: Finding[] };
    expect([exitCode, found.length > 0]).toEqual(found.length > 0 ? [1, true] : [undefined, false]);
    expect(stderr).toContain(' agree');
    return found;
  }

  it('agrees with a report of the same payments, in any order', async () => {
    report.reverse();
    const { exitCode, stdout, stderr } = await run(...ALL);
    expect([exitCode, stdout, stderr]).toEqual([undefined, '', '4 lines, 4 agree\n']);
  });

  it.each([
    ['the amount', 0, 1, '12.98', { field: 'amount', report: 1_298, ledger: 1_299 }],
    ['the currency', 0, 2, 'USD', { field: 'currency', report: 'USD', ledger: 'EUR' }],
    ['the state', 2, 3, 'CAPTURED', { field: 'state', report: 'ACCEPTED', ledger: 'FAILED' }],
    ['what was refunded', 1, 4, '', { field: 'refunded', report: 0, ledger: 2_000 }],
  ])('tells where %s differs', async (_what, row, cell, value, expected) => {
    report[row]![cell] = value;
    expect(await findings()).toEqual([
      {
        kind: 'differs',
        line: row + 2,
        paymentId: report[row]![0],
        payment: expect.stringMatching(/^pay_/),
        ...expected,
      },
    ]);
  });

  it('tells what the ledger lacks, also of another external, and what the report lacks', async () => {
    report[0]![0] = 'pm-elsewhere';
    expect(await findings()).toEqual([
      {
        kind: 'not-in-report',
        paymentId: 'pm-plain',
        payment: expect.stringMatching(/^pay_/),
        reason: '1299 EUR',
      },
      { kind: 'not-in-ledger', line: 2, paymentId: 'pm-elsewhere', reason: '1299 EUR' },
    ]);
  });

  it('asks whether the name is right where the ledger has no payment of the external', async () => {
    const args = ['--external', 'acmee', '--env-file', env, '--columns', 'paymentId=Reference'];
    const { exitCode, stderr } = await runCli('reconcile', written(), ...args);
    expect([exitCode, stderr]).toEqual([
      1,
      'tollgate: the report and the ledger differ: 4 lines, 0 agree, 4 not-in-ledger; ' +
        'the ledger has no payment of acmee: is --external right?\n',
    ]);
  });

  it('expects no declined payment, and none outside of the period; what is reported is looked up all the same', async () => {
    report = [report[1]!];
    const before = ['--until', '2020-01-01T00:00:00Z'];
    expect(await findings(...ALL, ...before)).toEqual([]);
    expect((await findings()).map(({ kind, paymentId }) => [kind, paymentId])).toEqual([
      ['not-in-report', 'pm-plain'],
      ['not-in-report', 'pm-=1+1'],
    ]);
  });

  it.each([
    ['', 'has no Reference'],
    ['pm-plain', 'is in line 2 too'],
    // What a decoder makes of a file in ISO 8859-1.
    ['pm-\uFFFD', 'has a Reference that is not UTF-8'],
  ])('names a line with the id "%s"', async (id, reason) => {
    report.push([id, '12.99', 'EUR', 'CAPTURED', '']);
    expect(await findings()).toEqual([expect.objectContaining({ line: 6, reason })]);
  });

  it.each([
    [1, '12,99', 'has 6 cells, the header 5'],
    [1, '12.999', 'has the amount "12.999", which is no amount in EUR'],
    [2, 'Euro', 'has the currency "Euro", which is no code of ISO 4217'],
    [3, 'SETTLED', 'has the state "SETTLED", which --states does not name'],
  ])('names a line that it cannot compare, and guesses nothing: %d %s', async (cell, value, reason) => {
    report[0]![cell] = value;
    expect(await findings()).toEqual(
      [
        expect.objectContaining({ kind: 'not-in-report', paymentId: 'pm-plain' }),
        expect.objectContaining({ kind: 'unreadable', line: 2, reason: expect.stringContaining(reason) }),
      ].toReversed(),
    );
  });

  it('compares what the file has, with other delimiters, quotes and a byte order mark', async () => {
    const text =
      '\uFEFF"Ref; of acme";Gross\r\n"pm-plain";1299\r\npm-refunded;5000\r\n\r\n"pm-=1+1";1234\r\n';
    const args = [
      '--columns',
      'paymentId=Ref; of acme,amount=Gross',
      '--amounts',
      'minor',
      '--delimiter',
      ';',
    ];
    const { exitCode, stderr } = await runCli(
      'reconcile',
      written(text),
      '--external',
      'acme',
      '--env-file',
      env,
      ...args,
    );
    expect([exitCode, stderr]).toEqual([undefined, '3 lines, 3 agree\n']);
  });

  it.each([
    ['LF', '\n'],
    ['CRLF', '\r\n'],
  ])('names the line that a row begins in, after cells with line ends: %s', async (_name, end) => {
    const rows = ['Reference,Note', 'pm-plain,"a', '', 'b"', '', 'pm-nowhere,"c', 'd"', 'pm-plain,'];
    const { stdout } = await runCli(
      'reconcile',
      written(rows.join(end)),
      '--external',
      'acme',
      '--env-file',
      env,
      '--columns',
      'paymentId=Reference',
      '--until',
      '2020-01-01T00:00:00Z',
      '--json',
    );
    const { findings: found } = JSON.parse(stdout) as { findings: Finding[] };
    expect(found).toEqual([
      { kind: 'repeated', line: 8, paymentId: 'pm-plain', reason: 'is in line 2 too' },
      { kind: 'not-in-ledger', line: 6, paymentId: 'pm-nowhere' },
    ]);
  });

  it('prints a table for people, and CSV that no spreadsheet executes', async () => {
    report = report.slice(1, 3);
    const table = await run(...ALL);
    expect(table.stdout).toMatch(/^not-in-report +pm-plain +1299 EUR {2}\(pay_\S+\)\n/);
    expect(table.stderr).toBe(
      'tollgate: the report and the ledger differ: 2 lines, 2 agree, 2 not-in-report\n',
    );
    report.push(['=cmd()', '1.00', 'EUR', 'CAPTURED', '']);
    const { stdout } = await run(...ALL, '--csv');
    expect(stdout.split('\r\n')[0]).toBe('kind,line,paymentId,payment,field,report,ledger,reason');
    expect(stdout).toContain(`"'=cmd()"`);
  });

  it('reads on while the gateway pays, and changes nothing', async () => {
    const rows = () =>
      gateway.app.get(Store).read((db) => db.selectFrom('payments').selectAll().orderBy('id').execute());
    const before = await rows();
    await run(...ALL);
    expect(await rows()).toEqual(before);
  });

  it.each([
    [['--columns', 'amount=Gross'], 'It must name the column of paymentId.'],
    [
      ['--columns', 'paymentId=Reference,fee=Fee'],
      'A field is one of paymentId, amount, currency, state, refunded.',
    ],
    [['--columns', 'paymentId'], 'It must be comma-separated FIELD=COLUMN.'],
    [['--columns', 'paymentId=Ref'], 'has no column Ref; its first line names Reference, Gross'],
    [['--columns', 'paymentId=Reference,amount=Gross'], '--amounts must say how the file writes amounts'],
    [
      ['--columns', 'paymentId=Reference,amount=Gross', '--amounts', 'decimal'],
      '--amounts decimal needs the column of the currency',
    ],
    [[...ALL, '--states', 'CAPTURED=PAID'], 'A state is one of CREATED, PENDING, ACCEPTED, FAILED, UNKNOWN.'],
    [[...ALL, '--since', '2026-06-01'], 'It must be a date and time with its zone'],
    [
      [...ALL, '--since', '2026-06-01T00:00:00Z', '--until', '2026-06-01T00:00:00Z'],
      '--until must be later than --since',
    ],
    [[...ALL, '--delimiter', ';;'], 'It must be one character'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await run(...args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it.each([
    ['a file that does not exist', () => join(folder, 'none.csv'), 2, 'cannot be read: ENOENT'],
    ['a folder', () => folder, 2, 'cannot be read: EISDIR'],
    ['a quote that does not end', () => written('Reference\n"pm'), 2, 'is not valid CSV'],
    ['an empty file', () => written(''), 2, 'is empty'],
    [
      'another delimiter',
      () => written('Reference;Gross\npm;1'),
      2,
      "names Reference;Gross, which is one column: try --delimiter ';'",
    ],
    ['tabs', () => written('Reference\tGross\npm\t1'), 2, String.raw`try --delimiter '\t'`],
    ['two columns of one name', () => written('Reference,Reference\n'), 2, 'has 2 columns named Reference'],
  ])('refuses %s', async (_what, file, code, message) => {
    const args = ['--external', 'acme', '--env-file', env, '--columns', 'paymentId=Reference'];
    const { exitCode, stderr } = await runCli('reconcile', file(), ...args);
    expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it.each([
    ['sqlite:/no/such/ledger.db', 3, 'the ledger /no/such/ledger.db cannot be read'],
    ['sqlite::memory:', 3, 'which only its own process can read'],
    ['postgres://127.0.0.1:9/ledger', 3, 'ECONNREFUSED'],
    ['mysql://db', 2, 'DATABASE_URL'],
  ])('says that %s is no ledger', async (url, code, message) => {
    const other = join(folder, 'other.env');
    writeFileSync(other, `DATABASE_URL=${url}`);
    const args = ['--external', 'acme', '--env-file', other, '--columns', 'paymentId=Reference'];
    const { exitCode, stderr } = await runCli('reconcile', written(), ...args);
    expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
  });
});
