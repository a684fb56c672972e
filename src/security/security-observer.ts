import { Injectable, Logger } from '@nestjs/common';

/** Why a callback was refused, or not taken a second time. A closed set: fit for metric labels. */
export type CallbackRefusal =
  'credentials' | 'signature' | 'timestamp' | 'address' | 'replayed' | 'unknown-external';

/** Why a caller was refused. A closed set: fit for metric labels. */
export type CallerRefusal =
  'no-credentials' | 'wrong-credentials' | 'issuer-unavailable' | 'forbidden' | 'rate-limited';

/**
 * Told of what happens at the door. It logs what an operator must act on; who counts extends it. Its methods must not
 * throw, and must not wait.
 */
@Injectable()
export class SecurityObserver {
  readonly #logger = new Logger('Security');

  /** `external` is undefined where there is none of that name: a label must not grow with what is guessed. */
  onCallbackRefused(_external: string | undefined, _reason: CallbackRefusal): void {}

  onCallerRefused(_reason: CallerRefusal): void {}

  /** The file of API keys was changed, and so many keys are in force. */
  onKeysReloaded(keys: number): void {
    this.#logger.log(`API_KEYS_FILE was changed: ${keys} keys are in force`);
  }

  /** The file of API keys was changed and is not valid: the keys stay as they were. */
  onKeysRejected(error: Error): void {
    this.#logger.error(
      `API_KEYS_FILE was changed and is not valid, the keys of before stay: ${error.message}`,
    );
  }

  /** The issuer of access tokens could not be asked for its keys. */
  onIssuerUnavailable(error: Error): void {
    this.#logger.error(
      `OIDC_ISSUER cannot be asked for its keys, no token can be verified: ${error.message}`,
    );
  }

  /** A connection above the limit was closed unheard. */
  onConnectionDropped(): void {}

  /** What came was no HTTP, or too slow, or too large, and was answered before there was a request. */
  onUnreadableRequest(_status: number): void {}
}
