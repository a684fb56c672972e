import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ChaosExternal } from '../crash/chaos-external.js';
import { ChaosReceiver } from '../crash/chaos-receiver.js';
import { type LedgerReader, postgresLedger, sqliteLedger } from '../crash/ledger-reader.js';
import { freePort, type Program, startProgram, untilAnswers } from '../crash/program.js';
import { SeededRandom } from '../support/seeded-random.js';
import { HonestCallers } from './honest-callers.js';
import { settleAndAudit } from './settlement.js';

export const HOST = '127.0.0.1';
export const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const KEY = 'honest-0f8c2d7e5b914a3fa6c1';
/** What Node takes in a container of 512 MiB with the command of our image: half of it, and 8 MiB for new objects. */
const HEAP = ['--max-old-space-size=256', '--max-semi-space-size=8'];

export interface LoadOptions {
  readonly seed: number;
  /** Instead of a file of SQLite. */
  readonly postgres: string | undefined;
  /** Of the callers' key, as in `API_KEYS`. Default: all but the operators'. */
  readonly scopes?: string;
  /** Further entries of the externals file. */
  readonly externals?: readonly object[];
  readonly nodeOptions?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its limit of open files. Default: the one of this process. */
  readonly descriptors?: number;
}

/**
 * The built gateway with the heap of a container, an external without failures (`honest`) and one that fails in every
 * way (`hostile`), their callers, and a receiver that is down a third of the time.
 */
export class GatewayUnderLoad {
  readonly url: string;
  readonly key = KEY;
  readonly honest: HonestCallers;
  readonly hostile: HonestCallers;

  private constructor(
    readonly program: Program,
    readonly ports: { readonly public: number; readonly operating: number },
    readonly folder: string,
    readonly ledger: LedgerReader,
    private readonly externals: { readonly honest: ChaosExternal; readonly hostile: ChaosExternal },
    private readonly receiver: ChaosReceiver,
  ) {
    this.url = urlOf(ports.public);
    this.honest = new HonestCallers(this.url, 'honest', KEY);
    this.hostile = new HonestCallers(this.url, 'hostile', KEY);
  }

  /** `folder`: a new one, which is deleted with the gateway. */
  static async start(options: LoadOptions, folder = newFolder()): Promise<GatewayUnderLoad> {
    const ledger = options.postgres
      ? await postgresLedger(options.postgres)
      : sqliteLedger(join(folder, 'tollgate.db'));
    const ports = { public: await freePort(), operating: await freePort() };
    const source = new SeededRandom(options.seed);
    const random = (): number => source.next();
    const external = (name: string, failures: number): ChaosExternal =>
      new ChaosExternal({
        random,
        failures,
        honoursIdempotencyKey: true,
        callbackUrl: () => `${urlOf(ports.public)}/v3/${name}/callback`,
      });
    const externals = { honest: external('honest', 0), hostile: external('hostile', 0.6) };
    const receiver = new ChaosReceiver(SECRET, random);
    const path = join(folder, 'externals.json');
    const entries = [
      { externalService: 'honest', baseUrl: await externals.honest.listen() },
      { externalService: 'hostile', baseUrl: await externals.hostile.listen(), timeoutMs: 1_000 },
      ...(options.externals ?? []),
    ].map((entry) => ({ honoursIdempotencyKey: true, statusByShopTransactionId: true, ...entry }));
    writeFileSync(path, JSON.stringify({ externalServices: entries }));
    const env = {
      ...ledger.env,
      HTTP_PORT: String(ports.public),
      HTTP_HOST: HOST,
      METRICS_PORT: String(ports.operating),
      API_AUTH: 'required',
      API_KEYS: `honest:${KEY}${options.scopes ? `:${options.scopes}` : ''}`,
      EXTERNAL_PROVIDERS_CONFIG: path,
      PAYMENT_CALLBACK_URL: await receiver.listen(),
      NOTIFICATION_SECRET: SECRET,
      NOTIFICATION_SCHEDULE: Array.from({ length: 40 }, () => '1s').join(','),
      RECONCILIATION_SCHEDULE: Array.from({ length: 60 }, () => '1s').join(','),
      ...options.env,
    };
    const [first, ...rest] = [...HEAP, ...(options.nodeOptions ?? []), 'dist/main.js'];
    const program = startProgram(first, rest, env, options.descriptors);
    return new GatewayUnderLoad(program, ports, folder, ledger, externals, receiver);
  }

  untilReady(): Promise<void> {
    return untilAnswers(`${urlOf(this.ports.operating)}/health/ready`, this.program);
  }

  /** After the load: what is wrong once all failures have ended. */
  settleAndAudit(): Promise<string[]> {
    const { externals, honest, hostile } = this;
    const parties = [
      { name: 'honest', external: externals.honest, callers: honest },
      { name: 'hostile', external: externals.hostile, callers: hostile },
    ];
    return settleAndAudit(parties, this.receiver, this.ledger);
  }

  async close(): Promise<void> {
    await this.program.end('SIGKILL');
    await Promise.all([this.honest.close(), this.hostile.close()]);
    const { honest, hostile } = this.externals;
    await Promise.all([honest.close(), hostile.close(), this.receiver.close()]);
    await this.ledger.dispose();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function urlOf(port: number): string {
  return `http://${HOST}:${port}`;
}

export function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'tollgate-load-'));
}
