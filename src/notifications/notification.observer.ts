import type { DeliveryResult } from './delivery.recorder.js';
import type { ReceiverCircuit } from './receiver-breaker.js';

/** The end of one attempt. */
export interface ObservedDelivery {
  readonly notificationId: string;
  readonly paymentRef: string;
  readonly external: string;
  readonly requestId: string;
  readonly traceparent: string | null;
  /** From 1. */
  readonly attempt: number;
  /** A closed set, fit for a metric's label. */
  readonly result: Exclude<DeliveryResult, 'handed-back'>;
  readonly statusCode: number | undefined;
  readonly error: string | undefined;
  readonly durationMs: number;
  /** From the commit that queued it to the begin of this attempt. */
  readonly ageMs: number;
}

/** Told of what becomes of notifications, for metrics and logs; what fails is in the log already. Its methods must not throw, and must not wait. */
export abstract class NotificationObserver {
  abstract onDelivery(delivery: ObservedDelivery): void;
  abstract onReceiver(circuit: ReceiverCircuit): void;
}

/** Nobody wants to know. */
export class SilentNotificationObserver extends NotificationObserver {
  onDelivery(): void {}
  onReceiver(): void {}
}
