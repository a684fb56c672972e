import type { Request, RequestHandler, Response } from 'express';
import { isAdminScope } from '../config/api-keys.js';
import type { PublicPath } from '../config/config.js';
import { sendJson } from '../http/http-answer.js';
import { Problem } from '../problems/problem.js';
import { contextOf, type Principal } from '../http/request-context.js';
import { accessPathOf, type AccessPath } from './access-path.js';
import type { CallbackAuthenticator } from './callback-authenticator.js';
import type { Callers } from './callers.js';
import { credentialsOf } from './request-credentials.js';
import { foreignExternal, missingScope, unauthenticated } from './refusals.js';
import type { CallerRefusal, SecurityMetrics } from './security.metrics.js';

export interface AuthenticationParts {
  readonly publicPaths: readonly PublicPath[];
  readonly callers: Callers;
  readonly callbacks: CallbackAuthenticator;
  readonly metrics: SecurityMetrics;
}

/**
 * Checks credentials before anything else is said, unknown routes included, and so before routing: Nest's guards run
 * too late for that (SPEC §8). It decides by the path alone; `ScopeGuard` checks the scope of the route.
 */
export function authentication(parts: AuthenticationParts): RequestHandler {
  return async (request, response, next) => {
    const context = contextOf(request);
    // The path that the router matches.
    const path = accessPathOf(request.path, parts.publicPaths);
    if (path.kind === 'callback') {
      const acknowledged = await admitCallback(parts.callbacks, request, response, path.external);
      if (acknowledged) return;
      context.access = 'external';
    } else if (path.kind === 'public') {
      context.access = 'public';
      // Wrong credentials are refused here too: without, whether names are shown would tell whether a key is right.
      if (path.named && credentialsOf(request).kind !== 'none') {
        context.principal = await admitCaller(parts, request, path);
      }
    } else {
      context.principal = await admitCaller(parts, request, path);
      context.access = path.kind === 'operator' ? 'operator' : 'caller';
    }
    next();
  };
}

async function admitCaller(
  { callers, metrics }: AuthenticationParts,
  request: Request,
  path: Exclude<AccessPath, { kind: 'callback' }>,
): Promise<Principal> {
  try {
    const principal = await callers.identify(request);
    refuseByPath(principal, path);
    return principal;
  } catch (error) {
    metrics.countCallerRefusal(reasonOf(error, request));
    throw error;
  }
}

/** A foreign external is refused in the same way whether or not it exists. */
function refuseByPath(principal: Principal, path: Exclude<AccessPath, { kind: 'callback' }>): void {
  if (path.kind === 'public') return;
  if (path.kind === 'caller') {
    if (path.external !== undefined && principal.externals?.has(path.external) === false)
      throw foreignExternal();
    return;
  }
  const isOperator = [...principal.scopes].some(isAdminScope);
  // A principal without a name sent no credentials. With `API_AUTH=none` it has all scopes.
  if (principal.name === '' && !isOperator) throw unauthenticated();
  if (path.kind === 'admin' && !isOperator) throw missingScope('admin');
}

function reasonOf(error: unknown, request: Request): CallerRefusal {
  const code = error instanceof Problem ? error.code : undefined;
  if (code === 'authentication-unavailable') return 'issuer-unavailable';
  if (code === 'forbidden') return 'forbidden';
  return credentialsOf(request).kind === 'none' ? 'no-credentials' : 'wrong-credentials';
}

/** True if the callback was processed before and is acknowledged again. */
async function admitCallback(
  callbacks: CallbackAuthenticator,
  request: Request,
  response: Response,
  external: string,
): Promise<boolean> {
  const admission = await callbacks.admit(request, external);
  const context = contextOf(request);
  const { logFields } = context;
  if (admission.kind === 'new') {
    context.signedCallback = admission.signed;
    response.once('finish', () => {
      if (response.statusCode === 200) admission.remember({ paymentId: logFields.paymentId });
    });
    return false;
  }
  // Other methods are answered with 405 by the router.
  if (request.method !== 'GET' && request.method !== 'POST') return false;
  const { paymentId } = admission;
  if (paymentId !== undefined) logFields.paymentId = paymentId;
  sendJson(response, { received: true, ...(paymentId !== undefined && { paymentId }) });
  return true;
}
