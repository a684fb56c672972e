import { maskJson } from '../sensitive/masked-json.js';
import type { SecretMask } from '../sensitive/secret-mask.js';
import { isJsonObject } from '../shared/json.js';
import { ProviderDataMask } from './provider-data-mask.js';

const FREE_TEXTS = ['detail', 'message', 'resultDescription'];
const PASSED_THROUGH = ['metadata', 'action'];
const LINKS = ['redirectToUrl', 'redirectToUrlMobile', 'link'];
const IDS = ['paymentId', 'refundId', 'subscriptionToken', 'shopTransactionId'];
const WORDS = ['result', 'status'];
/** Twice what any free text is cut to: what crosses that place is masked before. */
const MAX_TEXT = 16_384;

/** What an answer says without what it repeats of the gateway's. */
export interface WithoutEcho {
  readonly json: unknown;
  /** An id holds a credential: it can neither be shown nor changed. */
  readonly violation?: string;
}

/**
 * Removes from an answer what it repeats of the request: the credentials of the gateway wherever they stand, and texts of
 * `providerData` where an external writes what it likes. Nothing behind this point (ledger, log, trace, notification,
 * caller) sees them. An answer that repeats nothing costs one search.
 */
export class AnswerEcho {
  readonly #request: object | undefined;
  #providerData: ProviderDataMask | undefined | 'not-read' = 'not-read';

  constructor(
    private readonly secrets: SecretMask,
    request: object | undefined,
  ) {
    this.#request = request;
  }

  /** `source` is the JSON text of `json`. */
  remove(json: unknown, source: string): WithoutEcho {
    const holdsSecret = this.secrets.mayOccurIn(source);
    if (!isJsonObject(json)) return { json: holdsSecret ? this.#maskSecretsIn(json) : json };
    const masked: Record<string, unknown> = { ...json };
    let violation: string | undefined;
    for (const name of FREE_TEXTS) {
      const text = json[name];
      if (typeof text === 'string') masked[name] = this.maskText(text, holdsSecret);
    }
    for (const name of PASSED_THROUGH) {
      if (json[name] === undefined) continue;
      const ofRequest = this.#ofRequest();
      if (ofRequest) masked[name] = ofRequest.maskJson(json[name]);
    }
    if (!holdsSecret) return { json: masked };
    for (const [name, value] of Object.entries(masked)) {
      if (WORDS.includes(name) || FREE_TEXTS.includes(name)) continue;
      if (IDS.includes(name)) {
        if (typeof value !== 'string' || !this.secrets.isInId(value)) continue;
        violation = `/${name} holds the credentials of the gateway`;
        delete masked[name];
      } else if (LINKS.includes(name) && typeof value === 'string') {
        masked[name] = this.secrets.maskLink(value);
      } else masked[name] = this.#maskSecretsIn(value);
    }
    return { json: masked, ...(violation !== undefined && { violation }) };
  }

  /** A free text, or a header. */
  maskText(text: string, mayHoldSecret = true): string {
    const cut = text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
    const shown = this.#ofRequest()?.maskText(cut) ?? cut;
    return mayHoldSecret ? this.secrets.mask(shown) : shown;
  }

  #maskSecretsIn(value: unknown): unknown {
    return maskJson(value, { text: (text) => this.secrets.mask(text), other: (leaf) => leaf });
  }

  /** Read when an answer has a text in which it could be repeated: most have none. */
  #ofRequest(): ProviderDataMask | undefined {
    if (this.#providerData === 'not-read') this.#providerData = ProviderDataMask.of(this.#request);
    return this.#providerData;
  }
}
