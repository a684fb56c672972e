import { randomUUID } from 'node:crypto';
import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  Optional,
} from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { pollMsOf } from '../notifications/retry-schedule.js';
import { PaymentInquiry } from '../payments/payment.inquiry.js';
import { StorageUnavailable, Store, type Trx } from '../persistence/store.js';
import type { ExternalProvider } from '../providers/external-provider.js';
import { ExternalProviderRegistry } from '../providers/external-provider.registry.js';
import { Clock } from '../shared/clock.js';
import { LeasePipeline } from '../shared/lease-pipeline.js';
import { CallbackInbox } from './callback.inbox.js';
import { CallbackObserver, SilentCallbackObserver, type VerificationResult } from './callback.observer.js';
import { CallbackRepository, type LeasedCallback } from './callback.repository.js';
import {
  NOT_ASKED,
  unconfirmed,
  type VerificationEnd,
  type VerificationVerdict,
  verdictOf,
} from './verification-end.js';
import { VerificationRecorder } from './verification.recorder.js';

const CONCURRENCY = 512;
/** So that an external that hangs leaves room for the others. */
const CONCURRENCY_PER_EXTERNAL = 8;
const LEASE_MS = 30_000;
/** Over the time that the external may take. */
const LEASE_MARGIN_MS = 10_000;
const RECLAIM_EVERY_MS = 1_000;
const RECLAIM_BATCH = 100;
/** Each second; more than are taken in one for long. */
const FORGET_BATCH = 5_000;
const STOP_GRACE_MS = 5_000;

/** Asks the externals about the callbacks that came: claim, ask, record. Any number of replicas may do so at once (SPEC §5). */
@Injectable()
export class VerificationWorker implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(VerificationWorker.name);
  readonly #pipeline: LeasePipeline<LeasedCallback, VerificationEnd>;
  readonly #asking = new Map<string, number>();
  #reclaimAt = 0;

  constructor(
    private readonly store: Store,
    private readonly callbacks: CallbackRepository,
    private readonly recorder: VerificationRecorder,
    private readonly inbox: CallbackInbox,
    private readonly registry: ExternalProviderRegistry,
    private readonly inquiry: PaymentInquiry,
    private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
    @Optional() private readonly observer: CallbackObserver = new SilentCallbackObserver(),
  ) {
    this.#pipeline = new LeasePipeline(
      {
        exchange: (ends, room) => this.#exchange(ends, room),
        run: (callback, signal) => this.#verify(callback, signal),
      },
      {
        limit: CONCURRENCY,
        pollMs: pollMsOf(config.notifications.scheduleMs),
        onError: (error) =>
          this.#logger.error({ err: error }, 'Verification of callbacks failed; it goes on'),
      },
    );
  }

  /** For readiness: how long nothing has been heard of it. */
  get stalledMs(): number {
    return this.#pipeline.stalledMs;
  }

  onApplicationBootstrap(): void {
    if (!this.config.workers) return;
    this.inbox.attachWorker(() => this.#pipeline.wake());
    this.store.listen('callbacks', () => this.#pipeline.wake());
    this.#pipeline.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.inbox.attachWorker(undefined);
    await this.#pipeline.stop(STOP_GRACE_MS);
  }

  /** One transaction: records, takes over from the dead, and claims. */
  async #exchange(ends: readonly VerificationEnd[], room: number): Promise<readonly LeasedCallback[]> {
    const nowMs = this.clock.now();
    const reclaims = nowMs >= this.#reclaimAt;
    const { results, claimed, more } = await this.store.transaction(async (trx) => {
      const results = await this.recorder.record(trx, ends, nowMs);
      const more = reclaims && (await this.#reclaim(trx, nowMs));
      return { results, claimed: more ? [] : await this.#claim(trx, room, nowMs), more };
    });
    if (more) this.#pipeline.wake();
    else if (reclaims) this.#reclaimAt = nowMs + RECLAIM_EVERY_MS;
    for (const [i, end] of ends.entries()) this.#observe(end, results[i]!);
    return claimed;
  }

  /** A few of each external, whatever waits for the others. */
  async #claim(trx: Trx, room: number, nowMs: number): Promise<LeasedCallback[]> {
    const claimed: LeasedCallback[] = [];
    if (room === 0) return claimed;
    const token = randomUUID();
    for (const external of await this.callbacks.waitingExternals(trx)) {
      const asking = this.#asking.get(external) ?? 0;
      const limit = Math.min(room - claimed.length, CONCURRENCY_PER_EXTERNAL - asking);
      if (limit <= 0) continue;
      const leaseUntilMs = nowMs + this.#leaseMs(external);
      claimed.push(...(await this.callbacks.claimDue(trx, { external, nowMs, limit, token, leaseUntilMs })));
    }
    return claimed;
  }

  async #verify(callback: LeasedCallback, signal: AbortSignal): Promise<VerificationEnd> {
    const { external } = callback;
    const startedAt = performance.now();
    this.#asking.set(external, (this.#asking.get(external) ?? 0) + 1);
    try {
      const verdict = await unlessBrokenOff(this.#ask(callback), signal);
      return { callback, durationMs: Math.round(performance.now() - startedAt), verdict };
    } finally {
      const others = this.#asking.get(external)! - 1;
      if (others > 0) this.#asking.set(external, others);
      else this.#asking.delete(external);
    }
  }

  async #ask(callback: LeasedCallback): Promise<VerificationVerdict> {
    const provider = this.registry.get(callback.external);
    if (!provider) return unconfirmed('no external of this name is configured');
    try {
      return verdictOf(await this.#inquire(provider, callback));
    } catch (error) {
      // The answer could not be written down: it is asked for again.
      if (error instanceof StorageUnavailable) return NOT_ASKED;
      this.#logger.error({ err: error, callbackId: callback.id }, 'Verification of a callback failed');
      return unconfirmed('the gateway failed');
    }
  }

  #inquire(
    provider: ExternalProvider,
    { id, payment_id, request_id, traceparent }: LeasedCallback,
  ): ReturnType<PaymentInquiry['inquire']> {
    return this.inquiry.inquire(
      provider,
      { paymentId: payment_id },
      { requestId: request_id, traceparent: traceparent ?? undefined, priority: 'background' },
      { source: 'callback', notify: 'always', cause: id },
    );
  }

  async #reclaim(trx: Trx, nowMs: number): Promise<boolean> {
    // At its start, a process on SQLite is the only one: whoever held a lease is dead.
    const first = this.#reclaimAt === 0 && this.store.dialect === 'sqlite';
    const endedBeforeMs = first ? Number.MAX_SAFE_INTEGER : nowMs;
    const limit = RECLAIM_BATCH;
    await this.callbacks.forgetTaken(trx, { nowMs, limit: FORGET_BATCH });
    return (await this.callbacks.reclaimExpired(trx, { endedBeforeMs, nowMs, limit })) === limit;
  }

  #leaseMs(external: string): number {
    const timeoutMs = this.registry.get(external)?.config.timeoutMs ?? 0;
    return Math.max(LEASE_MS, timeoutMs + LEASE_MARGIN_MS);
  }

  #observe({ callback, durationMs, verdict }: VerificationEnd, result: VerificationResult): void {
    const told = {
      callbackId: callback.id,
      external: callback.external,
      paymentId: callback.payment_id,
      requestId: callback.request_id,
      traceparent: callback.traceparent,
      attempt: callback.attempts,
      repeats: callback.repeats,
      result,
      error: verdict.kind === 'unconfirmed' ? verdict.error : undefined,
      durationMs,
    };
    if (result === 'unconfirmed') this.#logger.error(told, 'A callback was never confirmed by its external');
    else if (result === 'retry') this.#logger.warn(told, 'A callback is not confirmed yet');
    this.observer.onVerification(told);
  }
}

/** What goes on unheard ends by itself: the external's deadline bounds it. */
async function unlessBrokenOff(
  asking: Promise<VerificationVerdict>,
  signal: AbortSignal,
): Promise<VerificationVerdict> {
  if (signal.aborted) return NOT_ASKED;
  const { promise, resolve } = Promise.withResolvers<VerificationVerdict>();
  const breakOff = (): void => resolve(NOT_ASKED);
  signal.addEventListener('abort', breakOff, { once: true });
  try {
    return await Promise.race([asking, promise]);
  } finally {
    signal.removeEventListener('abort', breakOff);
  }
}
