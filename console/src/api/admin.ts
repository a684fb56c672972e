import { type Admin, Tollgate, TollgateError } from '@tollgate/client';
import { type Credentials, headersOf } from '../session/session-store';
import { session } from '../session/session';

/** The gateway’s address: the console is served one level below it, under any prefix. */
export const GATEWAY = new URL('..', document.baseURI).href.replace(/\/$/, '');

const TIMEOUT_MS = 30_000;

function adminWith(credentials: Credentials | undefined): Admin {
  return new Tollgate({ baseUrl: GATEWAY, headers: headersOf(credentials), timeoutMs: TIMEOUT_MS }).admin;
}

/** Runs `call` with the credentials of this tab; a refusal of them ends the session. */
export async function withAdmin<T>(call: (admin: Admin) => Promise<T>): Promise<T> {
  const { credentials } = session.current();
  try {
    return await call(adminWith(credentials));
  } catch (error) {
    if (error instanceof TollgateError && error.status === 401) session.end(credentials);
    throw error;
  }
}

/** Whether the gateway accepts credentials, before they become those of the tab. */
export function identify(credentials: Credentials): Promise<unknown> {
  return adminWith(credentials).get('/admin/me');
}

/** A list as CSV, at most `pages` pages of it, with one header line. */
export async function csvOf(path: string, query: Record<string, string>, pages: number): Promise<string> {
  const { credentials } = session.current();
  const parts: string[] = [];
  let next: string | undefined =
    `${GATEWAY}${path}?${new URLSearchParams({ ...query, limit: '200' }).toString()}`;
  for (let page = 0; page < pages && next !== undefined; page += 1) {
    const response: Response = await fetch(next, {
      headers: { Accept: 'text/csv', ...headersOf(credentials) },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 401) session.end(credentials);
    if (!response.ok) throw new Error(`The gateway answered ${response.status}.`);
    const text = await response.text();
    parts.push(page === 0 ? text : text.slice(text.indexOf('\r\n') + 2));
    // The path in the link lacks the prefix that a proxy removed.
    const target = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    next = target === undefined ? undefined : GATEWAY + target;
  }
  return parts.join('');
}
