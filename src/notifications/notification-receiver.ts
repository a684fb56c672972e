import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import type { Secret } from '../sensitive/secret.js';

/** The service that notifications go to. */
export interface Receiver {
  readonly url: string;
  /** `whsec_…`, two while a key is rotated; without any, notifications go out unsigned. */
  readonly secrets: readonly Secret[];
}

/**
 * Who is notified: `PAYMENT_CALLBACK_URL`, or the bundled simulator once it listens. While there is nobody, notifications
 * wait, and are delivered when there is.
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
