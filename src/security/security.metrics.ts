import { Injectable } from '@nestjs/common';
import { Metrics } from '../observability/metrics/metrics.js';

/** Why a callback was refused, or acknowledged a second time without effect. */
export type CallbackRefusal =
  'credentials' | 'signature' | 'timestamp' | 'address' | 'replayed' | 'unknown-external' | 'rate-limited';

export type CallerRefusal =
  'no-credentials' | 'wrong-credentials' | 'issuer-unavailable' | 'forbidden' | 'rate-limited';

/** Refused requests. Forged callbacks leave no other trace (SPEC §8). */
@Injectable()
export class SecurityMetrics {
  readonly #callbacks;
  readonly #reusedIds;
  readonly #callers;
  readonly #connections;
  readonly #unreadable;
  readonly #keys;

  constructor(metrics: Metrics) {
    this.#callbacks = metrics.counter(
      'tollgate_callbacks_refused_total',
      'Callbacks that were refused (external "none": there is none of that name).',
      ['external', 'reason'],
    );
    this.#reusedIds = metrics.counter(
      'tollgate_callbacks_reused_ids_total',
      'Signed callbacks with the webhook-id of another message.',
      ['external'],
    );
    this.#callers = metrics.counter(
      'tollgate_callers_refused_total',
      'Requests of callers that were refused.',
      ['reason'],
    );
    this.#connections = metrics.counter(
      'tollgate_connections_dropped_total',
      'Connections closed because all places were taken or their network opened too many.',
    );
    this.#unreadable = metrics.counter(
      'tollgate_unreadable_requests_total',
      'Requests that were no HTTP, too slow or too large, refused before routing.',
      ['status'],
    );
    this.#keys = metrics.counter('tollgate_api_keys_reloads_total', 'Readings of a changed API_KEYS_FILE.', [
      'result',
    ]);
    // From zero: Prometheus sees no increase in what was not there before.
    this.#callers.inc({ reason: 'issuer-unavailable' }, 0);
    this.#keys.inc({ result: 'rejected' }, 0);
  }

  /** `external` is undefined if none has that name: guessed names must not become labels. */
  countCallbackRefusal(external: string | undefined, reason: CallbackRefusal): void {
    this.#callbacks.inc({ external: external ?? 'none', reason });
  }

  /** The callback was processed: it is a message of its own. */
  countReusedCallbackId(external: string): void {
    this.#reusedIds.inc({ external });
  }

  countCallerRefusal(reason: CallerRefusal): void {
    this.#callers.inc({ reason });
  }

  countDroppedConnection(): void {
    this.#connections.inc();
  }

  countUnreadableRequest(status: number): void {
    this.#unreadable.inc({ status });
  }

  countKeysReload(result: 'accepted' | 'rejected'): void {
    this.#keys.inc({ result });
  }
}
