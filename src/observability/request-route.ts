import type { Request } from 'express';
import { OPERATING_PATH } from '../http/operating-path.js';

/** The route that handled a request: a closed set, fit for metric labels. */
export interface RequestRoute {
  /**
   * The template, `/v3/:external/pay`; `/v3/*` and the like if the request was refused before routing, or has no
   * route.
   */
  readonly template: string;
  /** Of SPEC §1, such as `pay` or `subscription/status`; undefined if the route is no operation. */
  readonly operation: string | undefined;
  /** Probes and scrapes, every few seconds: logged only at level debug. */
  readonly quiet: boolean;
}

const OPERATION = /^\/v3\/:external\/(.+?)(?:\/:subscriptionToken)?$/;

const METHODS = new Set(['GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'HEAD', 'OPTIONS']);

export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'other';
}

const AREA = /^\/(?:v3|admin|health|metrics|documentation|problems)(?=[/?]|$)/;

/** As many entries as there are routes and areas in the program. */
const known = new Map<string, RequestRoute>();

export function routeOf(request: Request): RequestRoute {
  const path: unknown = (request.route as { path?: unknown } | undefined)?.path;
  const template = typeof path === 'string' ? path : `${AREA.exec(request.originalUrl)?.[0] ?? ''}/*`;
  let route = known.get(template);
  if (!route) {
    route = { template, operation: OPERATION.exec(template)?.[1], quiet: OPERATING_PATH.test(template) };
    known.set(template, route);
  }
  return route;
}
