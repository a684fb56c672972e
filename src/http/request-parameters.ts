import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { Problem } from '../problems/problem.js';
import { unknownParameter } from '../rules/contract-reader.js';
import type { FieldError } from '../rules/field-error.js';
import { detailOf } from '../rules/rule.js';
import { identifier, issuedIdentifier } from '../rules/rules.js';
import { maskCardNumbers } from '../sensitive/card-number.js';
import { contextOf } from './request-context.js';

const requestOf = (context: ExecutionContext): Request => context.switchToHttp().getRequest<Request>();

/** How a caller names a payment in a query: by the external's id, or by the order. */
export type PaymentQueryValue = { readonly paymentId: string } | { readonly shopTransactionId: string };

/** A handler's parameter: the `paymentId` or the `shopTransactionId` of the query, exactly one of them (SPEC §1). */
export const PaymentQuery = createParamDecorator(
  (_: unknown, context: ExecutionContext): PaymentQueryValue => {
    const request = requestOf(context);
    const { paymentId, shopTransactionId } = queryValues(request, ['paymentId', 'shopTransactionId']);
    const { logFields } = contextOf(request);
    if (paymentId !== undefined && shopTransactionId !== undefined)
      throw invalid('/query', 'must have paymentId or shopTransactionId, not both');
    if (shopTransactionId !== undefined) {
      if (!identifier.accepts(shopTransactionId))
        throw invalid('/query/shopTransactionId', detailOf(identifier));
      logFields.shopTransactionId = shopTransactionId;
      return { shopTransactionId };
    }
    if (paymentId === undefined)
      throw invalid('/query/paymentId', 'is missing: name the payment by paymentId or shopTransactionId');
    if (!issuedIdentifier.accepts(paymentId)) throw invalid('/query/paymentId', detailOf(issuedIdentifier));
    logFields.paymentId = paymentId;
    return { paymentId };
  },
);

/** A handler's parameter: the one `refundId` of the query, and the `paymentId` if there is one (SPEC §1). */
export const RefundQuery = createParamDecorator(
  (_: unknown, context: ExecutionContext): { refundId: string; paymentId: string | undefined } => {
    const request = requestOf(context);
    const { refundId, paymentId } = queryValues(request, ['refundId', 'paymentId']);
    if (refundId === undefined) throw invalid('/query/refundId', 'is missing');
    if (!issuedIdentifier.accepts(refundId)) throw invalid('/query/refundId', detailOf(issuedIdentifier));
    if (paymentId !== undefined && !issuedIdentifier.accepts(paymentId))
      throw invalid('/query/paymentId', detailOf(issuedIdentifier));
    const { logFields } = contextOf(request);
    logFields.refundId = refundId;
    if (paymentId !== undefined) logFields.paymentId = paymentId;
    return { refundId, paymentId };
  },
);

/**
 * A handler's parameter: the `subscriptionToken` of the path. `.` and `..` would change the path of the external's
 * URL.
 */
export const SubscriptionTokenParam = createParamDecorator(
  (_: unknown, context: ExecutionContext): string => {
    const request = requestOf(context);
    const token: unknown = request.params['subscriptionToken'];
    // The other methods may carry a query for externals of `compatibility: pgm-12`.
    if (request.method === 'GET') queryValues(request, []);
    if (!issuedIdentifier.accepts(token) || token === '.' || token === '..') {
      throw invalid('/path/subscriptionToken', `${detailOf(issuedIdentifier)}, and neither . nor ..`);
    }
    return token;
  },
);

/** The path without the query, which may hold what must not be echoed. */
export function pathOf(request: Request): string {
  const { originalUrl } = request;
  const end = originalUrl.indexOf('?');
  return end < 0 ? originalUrl : originalUrl.slice(0, end);
}

/** The query without its question mark, as received. */
export function queryOf({ originalUrl }: Request): string {
  const start = originalUrl.indexOf('?');
  return start < 0 ? '' : originalUrl.slice(start + 1);
}

/** The path for an answer: card numbers are masked. */
export function instanceOf(request: Request): string {
  return maskCardNumbers(pathOf(request));
}

/**
 * For a path without query parameters: a filter in the query must not be ignored, or the request would affect all
 * records.
 */
export function refuseQuery(request: Request): void {
  if (queryOf(request) !== '') throw invalid('/query', 'must be left out: filters belong in the body');
}

/**
 * The query parameters of an operation that takes `names`, each at most once. Others are refused: a typo in an optional
 * parameter must not be ignored.
 */
function queryValues<Name extends string>(
  request: Request,
  names: readonly Name[],
): Readonly<Partial<Record<Name, string>>> {
  const pairs = pairsOf(request);
  const other = pairs.find(([key]) => !(names as readonly (string | undefined)[]).includes(key));
  if (other) throw unknown(other[0] ?? '?', names);
  const values: Partial<Record<Name, string>> = {};
  for (const name of names) {
    const value = valueOf(pairs, name);
    if (value !== undefined) values[name] = value;
  }
  return values;
}

function unknown(name: string, known: readonly string[]): Problem {
  const { pointer, detail } = unknownParameter(name, known);
  return invalid(pointer, detail);
}

/** A query parameter that may occur at most once; undefined if it is absent. Other parameters are ignored. */
export function singleQueryValue(request: Request, name: string): string | undefined {
  return valueOf(pairsOf(request), name);
}

/** Decoded names, undefined where malformed, and values as received. */
type Pairs = readonly (readonly [name: string | undefined, encoded: string])[];

function pairsOf(request: Request): Pairs {
  const query = queryOf(request);
  if (query === '') return [];
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const end = pair.indexOf('=');
      return end < 0 ? [decoded(pair), ''] : [decoded(pair.slice(0, end)), pair.slice(end + 1)];
    });
}

function valueOf(pairs: Pairs, name: string): string | undefined {
  const values = pairs.filter(([key]) => key === name);
  if (values.length > 1) throw invalid(`/query/${name}`, 'must be given once');
  if (!values[0]) return undefined;
  const value = decoded(values[0][1]);
  if (value === undefined) throw invalid(`/query/${name}`, 'must be percent-encoded UTF-8');
  return value;
}

/** Decodes form encoding; undefined if it is malformed: URLSearchParams would substitute characters. */
function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

export function invalid(pointer: string, detail: string): Problem {
  return invalidFields([{ pointer, detail }]);
}

/** `errors` has one at least, which the detail of the problem names. */
export function invalidFields(errors: readonly FieldError[]): Problem {
  const { pointer, detail } = errors[0]!;
  return new Problem('validation-failed', `${pointer.slice(1).replaceAll('/', ' ')} ${detail}.`, { errors });
}
