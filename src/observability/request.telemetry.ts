import { Injectable } from '@nestjs/common';
import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { PROBLEM_CODES } from '../problems/problem.js';
import { Admission, admittedOf } from '../http/admission.js';
import { contextOf, type RequestContext, setContext } from '../http/request-context.js';
import { pathOf } from '../http/request-parameters.js';
import { ShutdownState } from '../http/shutdown-state.js';
import { Log } from './logging/log.js';
import { outside } from './logging/outside.js';
import { LATENCY_BUCKETS, Metrics, SHORT_BUCKETS } from './metrics/metrics.js';
import { methodLabel, type RequestRoute, routeOf } from './request-route.js';
import { type RequestScope, runInScope } from './request-scope.js';
import { type Span, traceIdOf, Tracer } from './tracing/tracer.js';

/** nginx's status for a caller that closed the connection before the answer. */
const CALLER_GONE = 499;

/** A request in flight. */
interface Observed {
  readonly context: RequestContext;
  readonly scope: RequestScope;
  readonly span: Span;
  readonly startedAt: number;
}

/** One log line, one span and the metrics of each request (SPEC §8). */
@Injectable()
export class RequestTelemetry {
  readonly #requests;
  readonly #durations;
  readonly #overheads;
  readonly #problems;

  constructor(
    private readonly log: Log,
    metrics: Metrics,
    private readonly tracer: Tracer,
    shutdown: ShutdownState,
    admission: Admission,
  ) {
    this.#requests = metrics.counter('tollgate_http_requests_total', 'Requests by route and status.', [
      'method',
      'route',
      'status',
    ]);
    this.#durations = metrics.histogram(
      'tollgate_http_request_duration_seconds',
      'From the arrival of a request to the end of its answer.',
      LATENCY_BUCKETS,
      ['method', 'route'],
    );
    this.#overheads = metrics.histogram(
      'tollgate_gateway_overhead_seconds',
      'Duration of requests that called an external, less the time spent waiting for it.',
      SHORT_BUCKETS,
      ['operation'],
    );
    this.#problems = metrics.counter('tollgate_problems_total', 'Problem documents by their code.', ['code']);
    // From zero: Prometheus sees no increase in what was not there before.
    for (const code of PROBLEM_CODES) this.#problems.inc({ code }, 0);
    // Refused before this middleware.
    admission.onRefused = (count) => this.#problems.inc({ code: 'overloaded' }, count);
    metrics.total(
      'tollgate_requests_overloaded_total',
      'Requests that were refused with overloaded, before routing.',
      () => admission.refused,
    );
    metrics.gauge(
      'tollgate_admission_limit',
      'How many requests the gateway works on at the same time; it follows what the machine can do.',
      () => admission.limit,
    );
    metrics.gauge(
      'tollgate_admission_busy',
      'Requests that count towards the admission limit: not those that wait for an external.',
      () => admission.busy,
    );
    metrics.gauge(
      'tollgate_http_requests_in_flight',
      'Requests that are not answered yet.',
      () => shutdown.inFlight,
    );
  }

  /** Must run right after the request's context is set, so that every request is observed. */
  readonly middleware: RequestHandler = (request: Request, response: Response, next: NextFunction) => {
    const startedAt = performance.now();
    const received = contextOf(request);
    const span = this.tracer.start(request.method, {
      kind: 'server',
      parent: received.continued ? received.traceparent : undefined,
    });
    const context = { ...received, traceparent: span.traceparent ?? received.traceparent };
    setContext(request, context);
    const scope = {
      requestId: context.requestId,
      traceparent: context.traceparent,
      externalMs: 0,
      admitted: admittedOf(request),
    };
    response.once('close', () => this.#end(request, response, { context, scope, span, startedAt }));
    runInScope(scope, next);
  };

  #end(request: Request, response: Response, observed: Observed): void {
    const { scope, startedAt } = observed;
    const durationMs = performance.now() - startedAt;
    const route = routeOf(request);
    const status = response.writableFinished ? response.statusCode : CALLER_GONE;
    this.#count(request, route, status, durationMs, observed);
    if (scope.externalMs > 0 && route.operation !== undefined) {
      this.#overheads.observe({ operation: route.operation }, (durationMs - scope.externalMs) / 1_000);
    }
    this.#write(request, route, status, durationMs, observed.context);
    if (this.tracer.enabled) endSpan(request, route, status, observed);
  }

  #count(
    { method: given }: Request,
    { template: route }: RequestRoute,
    status: number,
    durationMs: number,
    { context: { logFields } }: Observed,
  ): void {
    const method = methodLabel(given);
    this.#requests.inc({ method, route, status });
    this.#durations.observe({ method, route }, durationMs / 1_000);
    if (logFields.code !== undefined) this.#problems.inc({ code: logFields.code });
  }

  #write(
    request: Request,
    { template, operation, quiet }: RequestRoute,
    status: number,
    durationMs: number,
    { requestId, traceparent, logFields, principal }: RequestContext,
  ): void {
    const level = levelOf(status, logFields.code, quiet);
    if (!this.log.isLevelEnabled(level)) return;
    const routed = !template.endsWith('*') && (operation === undefined || logFields.external !== undefined);
    this.log[level](
      {
        requestId,
        traceId: traceIdOf(logFields.traceparent ?? traceparent),
        method: request.method,
        route: template,
        // A path is the caller's own text: logged only without a route.
        path: routed ? undefined : outside(pathOf(request)),
        status,
        durationMs: Math.round(durationMs * 100) / 100,
        external: logFields.external,
        operation,
        paymentId: masked(logFields.paymentId),
        refundId: masked(logFields.refundId),
        subscriptionToken: masked(logFields.subscriptionToken),
        shopTransactionId: masked(logFields.shopTransactionId),
        ref: logFields.ref,
        outcome: logFields.outcome,
        code: logFields.code,
        address: logFields.refusedAddress,
        caller: principal?.name || undefined,
      },
      'request',
    );
  }
}

function levelOf(
  status: number,
  code: string | undefined,
  quiet: boolean,
): 'debug' | 'info' | 'warn' | 'error' {
  if (code === 'internal-error') return 'error';
  if (quiet) return 'debug';
  return status >= 500 ? 'warn' : 'info';
}

function masked(text: string | undefined): string | undefined {
  return text === undefined ? undefined : outside(text);
}

function endSpan(
  { method }: Request,
  { template, operation }: RequestRoute,
  status: number,
  { span, context: { logFields, principal } }: Observed,
): void {
  span.rename(`${method} ${template}`);
  span.set({
    'http.request.method': method,
    'http.route': template,
    'http.response.status_code': status,
    'tollgate.external': logFields.external,
    'tollgate.operation': operation,
    'tollgate.payment_id': masked(logFields.paymentId),
    'tollgate.refund_id': masked(logFields.refundId),
    'tollgate.shop_transaction_id': masked(logFields.shopTransactionId),
    'tollgate.outcome': logFields.outcome,
    'tollgate.code': logFields.code,
    'tollgate.caller': principal?.name || undefined,
  });
  if (logFields.traceparent !== undefined) span.link(logFields.traceparent);
  if (status >= 500) span.fail(logFields.code ?? String(status));
  span.end();
}
