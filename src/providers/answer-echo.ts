import { maskJson } from '../sensitive/masked-json.js';
import { NO_SECRETS, type SecretMask } from '../sensitive/secret-mask.js';
import { isJsonObject } from '../shared/json.js';
import { maskProviderDataMembers, mayNameProviderData, ProviderDataMask } from './provider-data-mask.js';

type Kind = 'text' | 'json' | 'link' | 'id' | 'word';

/** What each member of an answer holds. The others are dropped, and shown in the log only. */
const KINDS: ReadonlyMap<string, Kind> = new Map([
  ...['detail', 'message', 'resultDescription'].map((name) => [name, 'text'] as const),
  ...['metadata', 'action'].map((name) => [name, 'json'] as const),
  ...['redirectToUrl', 'redirectToUrlMobile', 'link'].map((name) => [name, 'link'] as const),
  ...['paymentId', 'refundId', 'subscriptionToken', 'shopTransactionId'].map((name) => [name, 'id'] as const),
  ...['result', 'status'].map((name) => [name, 'word'] as const),
]);
/** Any `result` or `status` of the contract. */
const WORD = /^[A-Z_]{1,32}$/;
/** Twice what any free text is cut to: what crosses that place is masked before. Longer ids and links are invalid. */
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
    const masked: [string, unknown][] = [];
    let violation: string | undefined;
    const { read, others } = membersOf(json);
    for (const { name, value: whole, kind } of read) {
      const value = typeof whole === 'string' && kind !== 'json' ? whole.slice(0, MAX_TEXT) : whole;
      if (kind === 'json') masked.push([name, this.#maskJson(value, source, holdsSecret)]);
      else if (kind === 'text') masked.push([name, this.maskText(value as string, holdsSecret)]);
      else if (!holdsSecret || kind === 'word') masked.push([name, value]);
      else if (kind === 'link') masked.push([name, this.secrets.maskLink(value as string)]);
      else if (!this.secrets.isInId(value as string)) masked.push([name, value]);
      else violation = `/${name} holds the credentials of the gateway`;
    }
    const unread = holdsSecret ? (this.#maskSecretsIn(others) as object) : others;
    return {
      json: Object.fromEntries([...masked, ...Object.entries(unread)]),
      ...(violation !== undefined && { violation }),
    };
  }

  /** What {@link remove} returned, as it may be logged: also without repetitions in members that are not read. */
  forLog(json: unknown): unknown {
    const ofRequest = this.#ofRequest();
    const mask = (value: unknown): unknown =>
      ofRequest ? ofRequest.maskJson(value) : maskProviderDataMembers(value);
    if (!isJsonObject(json)) return mask(json);
    const { read, others } = membersOf(json);
    const shown = read.map(({ name, value }): [string, unknown] => [name, value]);
    return Object.fromEntries([...shown, ...Object.entries(mask(others) as object)]);
  }

  /** A free text, or a header. */
  maskText(text: string, mayHoldSecret = true): string {
    const cut = text.slice(0, MAX_TEXT);
    const shown = this.#ofRequest()?.maskText(cut) ?? cut;
    return mayHoldSecret ? this.secrets.mask(shown) : shown;
  }

  #maskJson(value: unknown, source: string, mayHoldSecret: boolean): unknown {
    const shown = this.#withoutProviderData(value, source);
    return mayHoldSecret ? this.#maskSecretsIn(shown) : shown;
  }

  #withoutProviderData(value: unknown, source: string): unknown {
    const ofRequest = this.#ofRequest();
    if (ofRequest) return ofRequest.maskJson(value);
    return mayNameProviderData(source) ? maskProviderDataMembers(value) : value;
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

/** Nothing to remove but members named `providerData`. */
export const NO_ECHO = new AnswerEcho(NO_SECRETS, undefined);

interface Members {
  /** What the contract has a place for. */
  readonly read: readonly { readonly name: string; readonly value: unknown; readonly kind: Kind }[];
  readonly others: Readonly<Record<string, unknown>>;
}

function membersOf(json: Readonly<Record<string, unknown>>): Members {
  const read = [];
  const others: [string, unknown][] = [];
  for (const [name, value] of Object.entries(json)) {
    const kind = kindOf(name, value);
    if (kind === undefined) others.push([name, value]);
    else read.push({ name, value, kind });
  }
  return { read, others: Object.fromEntries(others) };
}

/** Undefined also for a member that holds something else than it should. */
function kindOf(name: string, value: unknown): Kind | undefined {
  const kind = KINDS.get(name);
  if (kind === 'json') return kind;
  if (typeof value !== 'string') return undefined;
  return kind === 'word' && !WORD.test(value) ? undefined : kind;
}
