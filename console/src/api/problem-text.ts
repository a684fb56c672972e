import { TollgateError } from '@tollgate/client';
import { texts } from '../texts/en';

/** What a person reads about a request that failed. */
export interface ProblemText {
  /** What happened. */
  readonly summary: string;
  /** What the gateway says about this occurrence. */
  readonly detail: string | undefined;
  /** What it means for what was to be executed, or what to do instead. */
  readonly consequence: string | undefined;
  readonly requestId: string | undefined;
}

/** An act was refused, because its payment is no longer what the operator saw. */
export class ChangedMeanwhile extends Error {
  override readonly name = 'ChangedMeanwhile';
}

export function problemText(error: unknown): ProblemText {
  if (error instanceof ChangedMeanwhile)
    return {
      summary: texts.problems.changed,
      detail: error.message,
      consequence: texts.problems.lookAgain,
      requestId: undefined,
    };
  if (!(error instanceof TollgateError))
    return {
      summary: texts.problems.title,
      detail: error instanceof Error ? error.message : String(error),
      consequence: undefined,
      requestId: undefined,
    };
  const { status, detail, requestId, outcome } = error;
  if (isNotFound(error))
    return {
      summary: texts.problems.notFound,
      detail: undefined,
      consequence: texts.problems.notFoundHelp,
      requestId,
    };
  const said = status === undefined ? undefined : detail;
  return {
    summary: summaryOf(error),
    detail: said,
    consequence: consequenceOf(outcome),
    requestId,
  };
}

/** Trying again is of no use: there is no such item. A proxy's 404 says nothing about items. */
export function isNotFound(error: unknown): boolean {
  return error instanceof TollgateError && error.code === 'not-found';
}

function summaryOf({ code, status, retryAfterMs }: TollgateError): string {
  const { problems } = texts;
  if (code === 'timeout') return problems.timeout;
  if (code === 'connection-failed') return problems.connection;
  if (status === 401) return problems.unauthenticated;
  if (status === 403) return problems.forbidden;
  if (status === 429) return problems.rateLimited(Math.max(1, Math.ceil((retryAfterMs ?? 1_000) / 1_000)));
  if (status === 409) return problems.conflict;
  if (status === 502 || status === 503 || status === 504) return problems.unavailable;
  if (status !== undefined && status >= 500) return problems.internal;
  return problems.title;
}

function consequenceOf(outcome: string | undefined): string | undefined {
  if (outcome === 'not-executed') return texts.problems.notExecuted;
  if (outcome === 'unknown') return texts.problems.unknownOutcome;
  return undefined;
}
