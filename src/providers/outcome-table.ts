import type { ContractResult } from '../rules/contract-reader.js';
import type { FieldError } from '../rules/field-error.js';
import { isJsonObject } from '../shared/json.js';
import { maskedText, readAnswerBody, readCutBody, refusalDetail } from './answer-body.js';
import type { AnswerEcho } from './answer-echo.js';
import { issuedIds } from './answer-reader.js';
import { type BreakReason, ExchangeBroken, headerOf, type OutboundAnswer } from '../outbound/exchange.js';
import type { OperationTraits } from '../config/external-operation.js';
import {
  type IssuedIds,
  type NotExecuted,
  notExecuted,
  type ProviderOutcome,
  type Rejected,
  type Unknown,
} from './provider-outcome.js';
import { retryAfterMs } from '../outbound/retry-after.js';

/** Everything that decides the outcome of a call: the operation, the connection, the status and the body. */
interface Facts {
  readonly operation: OperationTraits;
  /** Undefined if the answer was complete. */
  readonly broken: ExchangeBroken | undefined;
  /** 0 if the answer was not complete. */
  readonly status: number;
  /** The answer began before the request was written whole. */
  readonly early: boolean;
  readonly body: 'contract' | 'json-object' | 'json' | 'none' | 'other';
  /** How a 2xx violates the contract. */
  readonly violation: string;
  /** To the fields that do. */
  readonly pointers: readonly string[];
  readonly refusal: string | undefined;
  /** What an answer that violates the contract names all the same. */
  readonly ids: IssuedIds;
  readonly retryAfterMs: number;
  /** The gateway authenticates by a client certificate (`auth` is `mtls`). */
  readonly clientCertificate: boolean;
}

/** From 1 s to 1 h. A longer wait would hide the end of an outage from callers. */
const RETRY_AFTER = { shortestMs: 1_000, longestMs: 3_600_000 };

/** `aborted` is the deadline of the call, which covers all attempts. */
const OUT_OF_TIME: ReadonlySet<BreakReason> = new Set(['deadline', 'aborted', 'superseded']);

/** The wait that a caller is asked for after a pause of the gateway. */
const PAUSED_RETRY_MS = 1_000;

/** The detail of a refusal whose body holds none, by its reason. */
const REJECTED_DETAIL: Readonly<Record<Rejected['reason'], string>> = {
  'not-found': 'The external does not know what the request names.',
  refused: 'The external refused the request.',
};

/** Of a web server or a proxy without a route, more often than of an external that looked for something. */
const NOT_FOUND_PAGE =
  'The external answered 404 with a page, not JSON: it may not offer this operation at this address.';

type Failure = Rejected | NotExecuted | Unknown;

interface OutcomeRow {
  /** Unique. The tests provoke each row on a real socket. */
  readonly name: string;
  when(facts: Facts): boolean;
  /** Undefined for `completed`. */
  becomes(facts: Facts): Failure | undefined;
}

/**
 * Every end of an exchange and its outcome (SPEC §3). The first row whose condition holds decides. The principle:
 * `not-executed` requires certainty (nothing was sent, or a complete answer says so); every doubt is `unknown`.
 */
export const OUTCOME_TABLE: readonly OutcomeRow[] = [
  {
    // It cannot be about a request that the external has not read. Another answer may follow.
    name: 'success before the request was sent whole',
    when: ({ status, early }) => isSuccess(status) && early,
    becomes: ({ status }) =>
      unknown('invalid-answer', 'The external answered before the request was sent whole.', status),
  },
  {
    name: 'an answer of the contract',
    when: ({ status, body }) => isSuccess(status) && body === 'contract',
    becomes: () => undefined,
  },
  {
    name: 'success that violates the contract',
    when: ({ status }) => isSuccess(status),
    becomes: ({ status, violation, pointers, ids }) => ({
      ...unknown('invalid-answer', `The answer of the external violates the contract: ${violation}.`, status),
      ...(pointers.length > 0 && { pointers }),
      ids,
    }),
  },
  {
    name: 'the gateway did not send the request',
    when: ({ broken }) => broken?.reason === 'refused',
    becomes: () =>
      notExecuted(
        'paused',
        'The gateway was paused until the deadline of the operation; nothing was sent to the external.',
        PAUSED_RETRY_MS,
      ),
  },
  {
    // Refused, unresolvable, TLS failure, reset while connecting, not connected before the deadline.
    name: 'nothing was sent',
    when: ({ broken }) => broken?.begun === false,
    becomes: ({ broken }) =>
      notExecuted('connection-failed', `No connection to the external could be made${codeOf(broken)}.`),
  },
  {
    name: 'the deadline passed after the request was begun',
    when: ({ broken }) => broken !== undefined && OUT_OF_TIME.has(broken.reason),
    becomes: () => unknown('timeout', 'The external did not answer in time.'),
  },
  {
    // Whether the request was sent in full or in part: the external may have read enough of it.
    name: 'the connection broke after the request was begun',
    when: ({ broken }) => broken?.reason === 'cut',
    becomes: ({ broken }) =>
      unknown(
        'cut-off',
        `The connection to the external broke before its answer was complete${codeOf(broken)}.`,
      ),
  },
  {
    name: 'an answer over the limit',
    when: ({ broken }) => broken?.reason === 'too-large',
    becomes: ({ ids }) => ({
      ...unknown('invalid-answer', 'The answer of the external exceeds 1 MiB.'),
      ids,
    }),
  },
  {
    name: 'an answer that is not HTTP',
    when: ({ broken }) => broken?.reason === 'not-http',
    becomes: () => unknown('invalid-answer', 'The answer of the external is not HTTP.'),
  },
  {
    name: '3xx',
    when: ({ status }) => status >= 300 && status < 400,
    becomes: ({ status }) =>
      unknown(
        'server-error',
        `The external redirected (${status}); the gateway follows no redirects.`,
        status,
      ),
  },
  {
    name: '401, 403, 407',
    when: ({ status }) => status === 401 || status === 403 || status === 407,
    becomes: credentialsRefused,
  },
  {
    // nginx's own, for a certificate that is not valid, or missing. It answers them as 400 by default.
    name: '495, 496 without a JSON object',
    when: ({ status, body }) => (status === 495 || status === 496) && body !== 'json-object',
    becomes: credentialsRefused,
  },
  {
    name: '408, 409, 425',
    when: ({ status }) => status === 408 || status === 409 || status === 425,
    becomes: ({ status }) => unknown('server-error', `The external answered ${status}.`, status),
  },
  {
    name: '429',
    when: ({ status }) => status === 429,
    becomes: ({ retryAfterMs }) =>
      notExecuted('throttled', 'The external limits the rate of calls (429).', retryAfterMs),
  },
  {
    // With or without a body: the external does not know the payment, refund or subscription (SPEC §2).
    name: '404 to a status query',
    when: ({ status, operation }) => status === 404 && !operation.changesState,
    becomes: (facts) => rejected('not-found', facts),
  },
  {
    name: '404 with a JSON object, about a payment or subscription',
    when: ({ status, body, operation }) =>
      status === 404 && body === 'json-object' && operation.subject !== 'none',
    becomes: (facts) => rejected('not-found', facts),
  },
  {
    name: '404 with a JSON object, to an operation without a subject',
    when: ({ status, body }) => status === 404 && body === 'json-object',
    becomes: (facts) => rejected('refused', facts),
  },
  {
    name: '404 without a JSON object, 405, 501',
    when: ({ status }) => status === 404 || status === 405 || status === 501,
    becomes: ({ status }) =>
      notExecuted('not-supported', `The external does not offer this operation (${status}).`),
  },
  {
    // Of a server in front of the external, which refuses the certificate and speaks no contract: nginx with
    // `ssl_verify_client` answers 400 and HTML, IIS 403. The caller's request is not what is wrong.
    name: 'another 4xx with a page, where auth is mtls',
    when: ({ status, body, clientCertificate }) =>
      clientCertificate && status >= 400 && status < 500 && body === 'other',
    becomes: credentialsRefused,
  },
  {
    name: 'another 4xx',
    when: ({ status }) => status >= 400 && status < 500,
    becomes: (facts) => rejected('refused', facts),
  },
  {
    name: '5xx',
    when: ({ status }) => status >= 500 && status < 600,
    becomes: ({ status }) => unknown('server-error', `The external answered ${status}.`, status),
  },
  {
    name: 'a status outside of HTTP',
    when: () => true,
    becomes: ({ status }) => unknown('invalid-answer', `The external answered ${status}.`, status),
  },
];

/**
 * The outcome of an exchange, and the row that decided it. `read` reads the JSON of a 2xx as an answer of the
 * contract. `clientCertificate`: the gateway authenticates by one. `echo`: what an answer may repeat of the request.
 */
export function classify<A extends object>(
  end: OutboundAnswer | ExchangeBroken,
  operation: OperationTraits,
  read: (json: unknown) => ContractResult<A>,
  nowMs: number,
  clientCertificate = false,
  echo?: AnswerEcho,
): { readonly row: string; readonly outcome: ProviderOutcome<A> } {
  const { facts, answer } = factsOf(end, operation, read, nowMs, clientCertificate, echo);
  const row = OUTCOME_TABLE.find((candidate) => candidate.when(facts))!;
  return { row: row.name, outcome: row.becomes(facts) ?? { kind: 'completed', answer: answer! } };
}

function factsOf<A extends object>(
  end: OutboundAnswer | ExchangeBroken,
  operation: OperationTraits,
  read: (json: unknown) => ContractResult<A>,
  nowMs: number,
  clientCertificate: boolean,
  echo: AnswerEcho | undefined,
): { readonly facts: Facts; readonly answer?: A } {
  const unread = {
    operation,
    broken: undefined,
    status: 0,
    early: false,
    body: 'none',
    violation: '',
    pointers: [],
    refusal: undefined,
    ids: {},
    clientCertificate,
  } as const;
  if (end instanceof ExchangeBroken) {
    const ids = end.partial && isSuccess(end.partial.status) ? issuedIds(readCutBody(end.partial, echo)) : {};
    return { facts: { ...unread, broken: end, ids, retryAfterMs: 0 } };
  }
  const { status } = end;
  const reading = readAnswerBody(end, echo);
  const facts = {
    ...unread,
    status,
    early: end.early === true,
    retryAfterMs: retryAfterMs(headerOf(end, 'retry-after'), nowMs, RETRY_AFTER),
  };
  if (!reading.ok)
    return {
      facts: { ...facts, body: end.body.length === 0 ? 'none' : 'other', violation: reading.problem },
    };
  const body = isJsonObject(reading.json) ? 'json-object' : 'json';
  if (!isSuccess(status)) return { facts: { ...facts, body, refusal: refusalDetail(reading.json) } };
  const contract = reading.violation === undefined ? read(reading.json) : undefined;
  if (contract?.ok) return { facts: { ...facts, body: 'contract' }, answer: contract.value };
  const errors = contract?.errors ?? [];
  const violation = reading.violation ?? violationText(errors);
  const pointers = errors.map(({ pointer }) => pointer).filter((pointer) => pointer !== '');
  return {
    facts: { ...facts, body, violation: maskedText(violation), pointers, ids: issuedIds(reading.json) },
  };
}

function violationText(errors: readonly FieldError[]): string {
  return errors.map(({ pointer, detail }) => `${pointer || 'the answer'} ${detail}`).join('; ');
}

function credentialsRefused({ status, body }: Facts): NotExecuted {
  const by = body === 'other' ? 'The external, or a proxy or firewall in front of it,' : 'The external';
  return notExecuted('credentials-refused', `${by} refused the credentials of the gateway (${status}).`);
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300;
}

function codeOf(broken: ExchangeBroken | undefined): string {
  return broken?.code === undefined ? '' : ` (${broken.code})`;
}

function unknown(reason: Unknown['reason'], detail: string, status?: number): Unknown {
  return { kind: 'unknown', reason, detail, ...(status !== undefined && { status }) };
}

function rejected(reason: Rejected['reason'], { status, refusal, body }: Facts): Rejected {
  const page = body === 'other';
  const detail = page && reason === 'not-found' ? NOT_FOUND_PAGE : REJECTED_DETAIL[reason];
  return { kind: 'rejected', reason, status, detail: refusal ?? detail, page };
}
