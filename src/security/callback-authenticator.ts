import type { Request } from 'express';
import type { ExternalConfig } from '../config/external-config.js';
import { clientAddressOf } from '../http/client-address.js';
import { noteKnown } from '../http/connections.js';
import { readUnverifiedBody } from '../http/raw-body.js';
import type { SignedCallback } from '../http/request-context.js';
import type { Clock } from '../shared/clock.js';
import { AddressList } from './address-list.js';
import { equaliseWork, NOBODYS, refusalOf, signedContent } from './callback-credentials.js';
import { callbackUnauthenticated, foreignAddress } from './refusals.js';
import { RememberedCallbacks, type ProcessedCallback, signedCallback } from './remembered-callbacks.js';
import type { SecurityMetrics } from './security.metrics.js';

/** `taken`: a signed callback that is already processed. Acknowledge it again and do nothing else. */
export type CallbackAdmission =
  | {
      readonly kind: 'new';
      /** Identifies a signed callback when it comes again; undefined where it is not signed. */
      readonly signed: SignedCallback | undefined;
      /** Call it when the callback is stored. */
      remember(taken: ProcessedCallback): void;
    }
  | ({ readonly kind: 'taken' } & ProcessedCallback);

const NOTHING_TO_REMEMBER: CallbackAdmission = { kind: 'new', signed: undefined, remember: () => {} };

/**
 * Admits the callbacks of externals (SPEC §6 `callbackAuth`, `callbackAllowedIps`, §8). It checks the credentials,
 * then the address, then whether it is a replay: answers to a sender without credentials reveal nothing, not even
 * whether the external exists, unless that is public (`namesAreOpen`: callers need no credentials).
 */
export class CallbackAuthenticator {
  readonly #remembered: RememberedCallbacks;
  readonly #addressLists = new WeakMap<readonly string[], AddressList>();

  constructor(
    private readonly configOf: (external: string) => ExternalConfig | undefined,
    private readonly clock: Clock,
    private readonly metrics: SecurityMetrics,
    private readonly namesAreOpen: boolean,
  ) {
    this.#remembered = new RememberedCallbacks(clock);
  }

  /** @throws Problem `unauthenticated`, `forbidden`, or, for every sender, `payload-too-large` */
  async admit(request: Request, external: string): Promise<CallbackAdmission> {
    const body = await readUnverifiedBody(request);
    const config = this.configOf(external);
    // The route answers that there is no such external.
    if (!config && this.namesAreOpen) return NOTHING_TO_REMEMBER;
    const auth = config?.callbackAuth ?? NOBODYS;
    const refusal = refusalOf(auth, request, body, this.clock.wall());
    if (refusal || !config) {
      equaliseWork(auth, request, body, this.clock.wall());
      this.metrics.countCallbackRefusal(config && external, config ? refusal! : 'unknown-external');
      throw callbackUnauthenticated();
    }
    const { callbackAllowedIps: allowed } = config;
    if (allowed && !this.#addressList(allowed).includes(clientAddressOf(request))) {
      this.metrics.countCallbackRefusal(external, 'address');
      // Without credentials, another answer than for an unknown external would say that this one exists.
      if (auth.type !== 'none' || this.namesAreOpen) throw foreignAddress();
      equaliseWork(auth, request, body, this.clock.wall());
      throw callbackUnauthenticated();
    }
    if (auth.type !== 'none' || allowed) noteKnown(request.socket);
    if (auth.type !== 'standard-webhooks') return NOTHING_TO_REMEMBER;
    const content = signedContent(request, body);
    return this.#signed(external, signedCallback(external, String(request.headers['webhook-id']), content));
  }

  /** A callback that is sent again has the same id and the same content (Standard Webhooks). */
  #signed(external: string, signed: SignedCallback): CallbackAdmission {
    const taken = this.#remembered.find(signed);
    if (taken) {
      this.metrics.countCallbackRefusal(external, 'replayed');
      return { kind: 'taken', paymentId: taken.paymentId };
    }
    return { kind: 'new', signed, remember: (about) => this.#remembered.add(signed, about) };
  }

  #addressList(ranges: readonly string[]): AddressList {
    let list = this.#addressLists.get(ranges);
    if (!list) {
      list = new AddressList(ranges);
      this.#addressLists.set(ranges, list);
    }
    return list;
  }
}
