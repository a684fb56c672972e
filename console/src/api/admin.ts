import { type Admin, type Problem, Tollgate, TollgateError } from '@tollgate/client';
import { type Credentials, headersOf } from '../session/session-store';
import { session } from '../session/session';

/** The gateway’s address: the console is served one level below it, under any prefix. */
export const GATEWAY = new URL('..', document.baseURI).href.replace(/\/$/, '');

const TIMEOUT_MS = 30_000;
/** A longer wait is shown to the operator, and the query is sent again after it. */
const MAX_SILENT_WAIT_MS = 2_000;

function adminWith(credentials: Credentials | undefined): Admin {
  return new Tollgate({
    baseUrl: GATEWAY,
    headers: headersOf(credentials),
    timeoutMs: TIMEOUT_MS,
    retry: { maxRetryAfterMs: MAX_SILENT_WAIT_MS },
  }).admin;
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
    const response = await answerOf(next, { Accept: 'text/csv', ...headersOf(credentials) });
    if (response.status === 401) session.end(credentials);
    const text = await response.text();
    if (!response.ok) throw refusal(response, text);
    parts.push(page === 0 ? text : text.slice(text.indexOf('\r\n') + 2));
    // The path in the link lacks the prefix that a proxy removed.
    const target = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    next = target === undefined ? undefined : GATEWAY + target;
  }
  return parts.join('');
}

async function answerOf(url: string, headers: Record<string, string>): Promise<Response> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(url, { headers, signal });
  } catch (cause) {
    const code = signal.aborted ? 'timeout' : 'connection-failed';
    throw new TollgateError({ code, detail: 'No answer came.', cause });
  }
}

function refusal({ status, headers }: Response, text: string): TollgateError {
  const retryAfterMs = Number(headers.get('retry-after') ?? '0') * 1_000;
  const {
    code = 'unexpected-answer',
    detail = `The answer (${status}) is not one of Tollgate.`,
    requestId,
  } = problemIn(text);
  return new TollgateError({ code, detail, requestId, status, retryAfterMs: retryAfterMs || undefined });
}

/** Undefined members where a proxy has answered. */
function problemIn(text: string): Partial<Problem> {
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return {};
  }
}
