import type { Scope } from '../config/config.js';
import { Problem } from '../problems/problem.js';

/**
 * The answers of the door (SPEC §3). Each is the same whatever exists behind it: no key, external or route is told
 * about to who may not know of it.
 */

/** RFC 6750 §3. */
export function unauthenticated(): Problem {
  return new Problem(
    'unauthenticated',
    'Send valid credentials once: an API key as Authorization: Bearer or X-Api-Key, or an access token as Authorization: Bearer.',
    { headers: { 'WWW-Authenticate': 'Bearer realm="tollgate"' } },
  );
}

/** For a callback; it names every scheme that a callbackAuth may have. */
export function callbackUnauthenticated(): Problem {
  return new Problem('unauthenticated', 'This callback does not carry the credentials of its external.', {
    headers: { 'WWW-Authenticate': 'Bearer realm="tollgate callbacks", Basic realm="tollgate callbacks"' },
  });
}

export function missingScope(scope: Scope): Problem {
  return new Problem('forbidden', `These credentials lack the scope ${scope}.`, {
    headers: { 'WWW-Authenticate': `Bearer realm="tollgate", error="insufficient_scope", scope="${scope}"` },
  });
}

export function foreignExternal(): Problem {
  return new Problem('forbidden', 'These credentials are not for this external.');
}

/** For a route that no scope opens. */
export function closedRoute(): Problem {
  return new Problem('forbidden', 'This route is open to no caller.');
}

export function foreignAddress(): Problem {
  return new Problem('forbidden', 'Callbacks are not taken from this address.');
}
