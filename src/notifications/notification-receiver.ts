import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Secret } from '../sensitive/secret.js';

/** The service that receives notifications. */
export interface Receiver {
  readonly url: string;
  /** `whsec_…`, two during a key rotation; without any, notifications are not signed. */
  readonly secrets: readonly Secret[];
}

/**
 * The current receiver: `PAYMENT_CALLBACK_URL`, or the bundled simulator once it listens. Without a receiver,
 * notifications wait.
 */
@Injectable()
export class NotificationReceiver {
  #current: Receiver | undefined;

  constructor(@Inject(CONFIG) { notifications }: Config) {
    const { receiverUrl, secrets } = notifications;
    if (receiverUrl !== undefined) this.#current = { url: receiverUrl, secrets };
  }

  get current(): Receiver | undefined {
    return this.#current;
  }

  use(receiver: Receiver): void {
    this.#current = receiver;
  }
}
