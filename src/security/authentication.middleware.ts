import { setTimeout as sleep } from 'node:timers/promises';
import type { Request, RequestHandler, Response } from 'express';
import { isAdminScope } from '../config/api-keys.js';
import type { PublicPath } from '../config/config.js';
import { clientAddressOf, networkOf } from '../http/client-address.js';
import { noteKnown } from '../http/connections.js';
import { sendJson } from '../http/http-answer.js';
import { currentScope } from '../observability/request-scope.js';
import { Problem } from '../problems/problem.js';
import { forgetBody } from '../http/raw-body.js';
import { contextOf, type Principal } from '../http/request-context.js';
import { accessPathOf, type AccessPath } from './access-path.js';
import type { CallbackAdmission, CallbackAuthenticator } from './callback-authenticator.js';
import { mayBeGuess } from './callback-credentials.js';
import type { Callers } from './callers.js';
import type { CredentialFailures } from './credential-failures.js';
import { credentialsOf } from './request-credentials.js';
import { foreignExternal, missingScope, unauthenticated } from './refusals.js';
import type { CallerRefusal, SecurityMetrics } from './security.metrics.js';

export interface AuthenticationParts {
  readonly publicPaths: readonly PublicPath[];
  readonly callers: Callers;
  readonly callbacks: CallbackAuthenticator;
  readonly metrics: SecurityMetrics;
  readonly failures: CredentialFailures;
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
      const acknowledged = await admitCallback(parts, request, response, path.external);
      if (acknowledged) return;
      context.access = 'external';
    } else if (path.kind === 'public') {
      context.access = 'public';
      // Wrong credentials are refused here too: without, the names shown would reveal whether a key is right.
      if (path.named && credentialsOf(request).kind !== 'none') {
        context.principal = await admitCaller(parts, request, response, path);
      }
    } else {
      context.principal = await admitCaller(parts, request, response, path);
      context.access = path.kind === 'operator' ? 'operator' : 'caller';
    }
    next();
  };
}

async function admitCaller(
  parts: AuthenticationParts,
  request: Request,
  response: Response,
  path: Exclude<AccessPath, { kind: 'callback' }>,
): Promise<Principal> {
  const { callers, metrics } = parts;
  try {
    const principal = await callers.identify(request, path.kind === 'admin' || path.kind === 'operator');
    refuseByPath(principal, path);
    noteKnown(request.socket);
    return principal;
  } catch (error) {
    metrics.countCallerRefusal(reasonOf(error, request));
    await delayRefusal(parts.failures, request, response, error, callers.mayBeGuess(request));
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
  // A principal without a name sent no credentials.
  if (principal.name === '' && !isOperator) throw unauthenticated();
  if (path.kind === 'admin' && !isOperator) throw missingScope('admin');
}

function reasonOf(error: unknown, request: Request): CallerRefusal {
  const code = error instanceof Problem ? error.code : undefined;
  if (code === 'authentication-unavailable') return 'issuer-unavailable';
  if (code === 'forbidden') return 'forbidden';
  return credentialsOf(request).kind === 'none' ? 'no-credentials' : 'wrong-credentials';
}

async function admissionOf(
  { callbacks, failures }: AuthenticationParts,
  request: Request,
  response: Response,
  external: string,
): Promise<CallbackAdmission> {
  try {
    return await callbacks.admit(request, external);
  } catch (error) {
    forgetBody(request);
    await delayRefusal(failures, request, response, error, mayBeGuess(request));
    throw error;
  }
}

function logAddress(request: Request, error: unknown): void {
  if (!(error instanceof Problem) || (error.code !== 'unauthenticated' && error.code !== 'forbidden')) return;
  contextOf(request).logFields.refusedAddress = clientAddressOf(request) ?? 'unknown';
}

/**
 * Wrong credentials are logged with the address that they came from, and the more of them come from there, the later
 * they are refused. Right ones never get here.
 */
async function delayRefusal(
  failures: CredentialFailures,
  request: Request,
  response: Response,
  error: unknown,
  isGuess: boolean,
): Promise<void> {
  logAddress(request, error);
  if (!(error instanceof Problem) || error.code !== 'unauthenticated' || !isGuess) return;
  const waitMs = failures.record(networkOf(clientAddressOf(request)));
  if (waitMs === undefined) response.set('Connection', 'close');
  if (!waitMs) return;
  const admitted = currentScope()?.admitted;
  const gone = new AbortController();
  const abort = (): void => gone.abort();
  response.once('close', abort);
  admitted?.beginWait();
  try {
    await sleep(waitMs, undefined, { signal: gone.signal });
  } catch {
    // The client has hung up.
  } finally {
    admitted?.endWait();
    response.off('close', abort);
  }
}

/** True if the callback was processed before and is acknowledged again. */
async function admitCallback(
  parts: AuthenticationParts,
  request: Request,
  response: Response,
  external: string,
): Promise<boolean> {
  const admission = await admissionOf(parts, request, response, external);
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
