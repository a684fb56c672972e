import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
} from '@nestjs/common';
import type { Config } from '../../config/config.js';
import { CONFIG } from '../../config/config.module.js';
import { JSON_TYPE } from '../../http/http-answer.js';
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest injects by the class
import { ReadinessProbe } from '../health/readiness.probe.js';
// oxlint-disable-next-line typescript/consistent-type-imports -- Nest injects by the class
import { MetricsPage } from '../metrics/metrics-page.js';
import type {
  OperatingAnswer,
  OperatingPath,
  OperatingQuestion,
  ThreadData,
  ThreadStart,
} from './operating-thread.js';

const HEARTBEAT_MS = 250;
const MAX_HEAP_MB = 64;

/**
 * `METRICS_PORT`: health and metrics on a listener of its own, for probes and Prometheus (SPEC §6). It has its own
 * thread, connections and backlog, so that what strangers send to the public port does not delay liveness. Its answers
 * name externals.
 */
@Injectable()
export class OperatingListener implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(OperatingListener.name);
  readonly #heartbeat = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #worker: Worker | undefined;
  #beats: NodeJS.Timeout | undefined;
  #address: string | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly readiness: ReadinessProbe,
    private readonly page: MetricsPage,
  ) {}

  /** Where it listens; undefined where it is off. */
  get address(): string | undefined {
    return this.#address;
  }

  async onApplicationBootstrap(): Promise<void> {
    const { operating } = this.config.http;
    if (operating) await this.#start(operating);
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.#beats);
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  /** @throws Error where the address cannot be listened on */
  async #start({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
    const heartbeat = this.#heartbeat;
    this.#beats = setInterval(() => Atomics.add(heartbeat, 0, 1), HEARTBEAT_MS).unref();
    // Beside this file, compiled or not.
    const worker = new Worker(new URL(`./operating-thread${extname(import.meta.url)}`, import.meta.url), {
      workerData: { host, port, heartbeat } satisfies ThreadData,
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    this.#worker = worker;
    worker.unref();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    worker.on('message', (message: ThreadStart | OperatingQuestion) => {
      if (!('kind' in message)) return void this.#answer(worker, message);
      if (message.kind === 'failed') {
        return reject(Object.assign(new Error(`METRICS_PORT: ${message.message}`), { syscall: 'listen' }));
      }
      this.#address = `${message.address.includes(':') ? `[${message.address}]` : message.address}:${message.port}`;
      resolve();
    });
    worker.on('error', (error: unknown) => {
      this.#logger.error({ err: error }, 'The listener of METRICS_PORT has ended');
      reject(error);
    });
    await promise;
  }

  async #answer(worker: Worker, { id, path }: OperatingQuestion): Promise<void> {
    let answer: Omit<OperatingAnswer, 'id'>;
    try {
      answer = await this.#answerTo(path);
    } catch (error) {
      this.#logger.error({ err: error, path }, 'Internal error: unexpected exception');
      answer = { status: 500, contentType: JSON_TYPE, body: Buffer.from('{"status":"error"}') };
    }
    worker.postMessage({ id, ...answer } satisfies OperatingAnswer);
  }

  async #answerTo(path: OperatingPath): Promise<Omit<OperatingAnswer, 'id'>> {
    if (path === '/metrics') {
      return { status: 200, contentType: this.page.contentType, body: await this.page.bytes(true) };
    }
    const { ready, namedBody } = await this.readiness.check();
    return {
      status: ready ? 200 : 503,
      contentType: JSON_TYPE,
      body: Buffer.from(JSON.stringify(namedBody)),
    };
  }
}
