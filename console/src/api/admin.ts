import { type Admin, type AdminCsvPath, Tollgate, TollgateError } from '@tollgate/client';
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
export function csvOf(
  path: AdminCsvPath,
  query: Readonly<Record<string, string>>,
  pages: number,
): Promise<string> {
  return withAdmin(async (admin) => {
    const parts: string[] = [];
    for await (const page of admin.csv(path, { query: { ...query, limit: 200 } })) {
      parts.push(page);
      if (parts.length === pages) break;
    }
    return parts.join('');
  });
}
