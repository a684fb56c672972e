import { Injectable } from '@nestjs/common';
import { type CallbackRefusal, type CallerRefusal, SecurityObserver } from '../security/security-observer.js';
import { Metrics } from './metrics/metrics.js';

/** Counts what happens at the door; forged callbacks leave no other trace (SPEC §8). */
@Injectable()
export class SecurityTelemetry extends SecurityObserver {
  readonly #callbacks;
  readonly #callers;
  readonly #connections;
  readonly #unreadable;
  readonly #keys;

  constructor(metrics: Metrics) {
    super();
    this.#callbacks = metrics.counter(
      'tollgate_callbacks_refused_total',
      'Refused callbacks (external "none": no external has that name).',
      ['external', 'reason'],
    );
    this.#callers = metrics.counter(
      'tollgate_callers_refused_total',
      'Requests of callers that were refused.',
      ['reason'],
    );
    this.#connections = metrics.counter(
      'tollgate_connections_dropped_total',
      'Connections above MAX_CONNECTIONS, closed unheard.',
    );
    this.#unreadable = metrics.counter(
      'tollgate_unreadable_requests_total',
      'Connections refused before a request: invalid HTTP, too slow or too large.',
      ['status'],
    );
    this.#keys = metrics.counter('tollgate_api_keys_reloads_total', 'Readings of a changed API_KEYS_FILE.', [
      'result',
    ]);
    // From zero: Prometheus sees no increase in what was not there before.
    this.#callers.inc({ reason: 'issuer-unavailable' }, 0);
    this.#keys.inc({ result: 'rejected' }, 0);
  }

  override onCallbackRefused(external: string | undefined, reason: CallbackRefusal): void {
    super.onCallbackRefused(external, reason);
    this.#callbacks.inc({ external: external ?? 'none', reason });
  }

  override onCallerRefused(reason: CallerRefusal): void {
    super.onCallerRefused(reason);
    this.#callers.inc({ reason });
  }

  override onConnectionDropped(): void {
    super.onConnectionDropped();
    this.#connections.inc();
  }

  override onUnreadableRequest(status: number): void {
    super.onUnreadableRequest(status);
    this.#unreadable.inc({ status });
  }

  override onKeysReloaded(keys: number): void {
    super.onKeysReloaded(keys);
    this.#keys.inc({ result: 'accepted' });
  }

  override onKeysRejected(error: Error): void {
    super.onKeysRejected(error);
    this.#keys.inc({ result: 'rejected' });
  }
}
