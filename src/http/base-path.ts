import type { Express, Request } from 'express';
import { isTrustedProxy } from './client-address.js';
import { basePath } from '../rules/network-rules.js';

const CONFIGURED = 'tollgate base path';
/** The name that Traefik, Spring and others give it; nginx sends it where its configuration says so. */
const HEADER = 'x-forwarded-prefix';

/** Sets the path under which a proxy shows the gateway; undefined: the trusted proxies of each request name it. */
export function setBasePath(app: Express, path: string | undefined): void {
  app.set(CONFIGURED, path);
}

/**
 * The path under which a proxy shows the gateway, such as `/payments`, or empty (SPEC §6): `BASE_PATH`, else the
 * `X-Forwarded-Prefix` of a proxy that `TRUST_PROXY` trusts. It stands before every path in links and in the `type` of
 * problems, so that a header which is no plain path is ignored.
 */
export function basePathOf(request: Request): string {
  const configured = request.app.get(CONFIGURED) as string | undefined;
  if (configured !== undefined) return configured;
  const header = request.headers[HEADER];
  if (typeof header !== 'string') return '';
  const path = header.replace(/\/$/, '');
  return isTrustedProxy(request.app, request.socket.remoteAddress) && basePath.accepts(path) ? path : '';
}
