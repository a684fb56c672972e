import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '../config/config.js';
import { CONFIG } from '../config/config.module.js';
import { type NotificationEvent, PAYMENT_CALLBACK, type ReceiverConfig } from '../config/receiver-config.js';
import type { Secret } from '../sensitive/secret.js';
import { NO_SECRETS, SecretMask } from '../sensitive/secret-mask.js';

/**
 * The receivers by name: `payment-callback`, which is `PAYMENT_CALLBACK_URL` or the bundled simulator once it listens,
 * and those of the receivers file (SPEC §5).
 */
@Injectable()
export class ReceiverRegistry {
  #paymentCallback: ReceiverConfig | undefined;
  #others: ReadonlyMap<string, ReceiverConfig> = new Map();
  #secrets = NO_SECRETS;

  readonly #hasFile: boolean;

  constructor(@Inject(CONFIG) { notifications: { receiverUrl, secrets, receivers } }: Config) {
    this.#hasFile = receivers !== undefined;
    if (receiverUrl !== undefined) this.usePaymentCallback(receiverUrl, secrets);
  }

  get(name: string): ReceiverConfig | undefined {
    return name === PAYMENT_CALLBACK ? this.#paymentCallback : this.#others.get(name);
  }

  all(): readonly ReceiverConfig[] {
    return [...(this.#paymentCallback ? [this.#paymentCallback] : []), ...this.#others.values()];
  }

  /**
   * All names. Where there is no receiver at all, that of `PAYMENT_CALLBACK_URL`: its notifications wait until it is set.
   */
  names(): readonly string[] {
    return [...(this.#takesPayments() ? [PAYMENT_CALLBACK] : []), ...this.#others.keys()];
  }

  /** The names of the receivers of `event` at `external`. */
  namesFor(event: NotificationEvent, external: string): readonly string[] {
    const others = [...this.#others.values()].filter(
      ({ events, externals }) => events.includes(event) && (externals?.includes(external) ?? true),
    );
    const first = event === 'payment' && this.#takesPayments();
    return [...(first ? [PAYMENT_CALLBACK] : []), ...others.map(({ name }) => name)];
  }

  #takesPayments(): boolean {
    return this.#paymentCallback !== undefined || !this.#hasFile;
  }

  /** Replaces the receivers of the receivers file. A new one gets what is queued from now on. */
  replace(receivers: readonly ReceiverConfig[]): void {
    this.#others = new Map(receivers.map((receiver) => [receiver.name, receiver]));
    this.#secrets = secretsOf(this.all());
  }

  /** Receives payments and nothing else (SPEC §5). */
  usePaymentCallback(url: string, secrets: readonly Secret[]): void {
    this.#paymentCallback = {
      name: PAYMENT_CALLBACK,
      url,
      secrets,
      events: ['payment'],
      externals: undefined,
    };
    this.#secrets = secretsOf(this.all());
  }

  /** What the gateway shares with receivers, to be removed from texts that are stored or shown. */
  secrets(): SecretMask {
    return this.#secrets;
  }
}

/** What signs notifications, and the values of the URLs' parameters: servers repeat a URL that they do not know. */
function secretsOf(receivers: readonly ReceiverConfig[]): SecretMask {
  const texts = receivers.flatMap(({ url, secrets }) => {
    const signing = secrets.map((secret) => secret.reveal().replace(/^whsec_/, ''));
    return [...signing, ...new URL(url).searchParams.values()];
  });
  return new SecretMask(texts);
}
