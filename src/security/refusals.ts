import type { Scope } from '../config/config.js';
import { HttpProblem } from '../http/http-problem.js';
import { Problem } from '../problems/problem.js';

/**
 * The refusals of callers and callbacks (SPEC §3). Each text is the same whether or not the key, external or route
 * exists: the answer does not reveal it.
 */

const SEND_ONE =
  'Send one valid credential: an API key as Authorization: Bearer or X-Api-Key, or an access token as Authorization: Bearer.';

/** For a request without credentials, whose challenge names no error (RFC 6750 §3.1). */
export function unauthenticated(): Problem {
  return new HttpProblem('unauthenticated', SEND_ONE, { 'WWW-Authenticate': 'Bearer realm="tollgate"' });
}

/** For credentials that are wrong, or more than one. Clients discard an access token then (RFC 6750 §3.1). */
export function invalidToken(): Problem {
  return new HttpProblem('unauthenticated', SEND_ONE, {
    'WWW-Authenticate': 'Bearer realm="tollgate", error="invalid_token"',
  });
}

/** For a callback; the challenge names every scheme that `callbackAuth` can have. */
export function callbackUnauthenticated(): Problem {
  return new HttpProblem('unauthenticated', 'This callback does not carry the credentials of its external.', {
    'WWW-Authenticate': 'Bearer realm="tollgate callbacks", Basic realm="tollgate callbacks"',
  });
}

export function missingScope(scope: Scope): Problem {
  return new HttpProblem('forbidden', `These credentials lack the scope ${scope}.`, {
    'WWW-Authenticate': `Bearer realm="tollgate", error="insufficient_scope", scope="${scope}"`,
  });
}

export function foreignExternal(): Problem {
  return new Problem('forbidden', 'These credentials are not for this external.');
}

/** For a route without a declared scope. */
export function closedRoute(): Problem {
  return new Problem('forbidden', 'This route is closed to all callers.');
}

export function foreignAddress(): Problem {
  return new Problem('forbidden', 'Callbacks from this address are not accepted.');
}
