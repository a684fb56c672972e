import type { PublicPath } from '../config/config.js';

/** Which credentials a path needs (SPEC §8). */
export type AccessPath =
  /** `named`: with a key, the answer names externals. */
  | { readonly kind: 'public'; readonly named: boolean }
  /** The gateway's own state: a key is needed even where callers may pay without one. */
  | { readonly kind: 'operator' }
  | { readonly kind: 'admin' }
  | { readonly kind: 'callback'; readonly external: string }
  /** `external` undefined: no path of an external, and so of no route. */
  | { readonly kind: 'caller'; readonly external: string | undefined };

const OPERATING_PATHS: readonly PublicPath[] = [
  '/',
  '/health',
  '/metrics',
  '/documentation',
  '/problems',
  '/console',
];
const CALLBACK = /^\/v3\/([^/]+)\/callback$/;
/** A proxy that resolves them sees another path. */
const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;
const EXTERNAL = /^\/v3\/([^/]*)/;

/**
 * Classifies a path as the router sees it: not decoded, matched exactly. Every other path needs a caller,
 * routes that do not exist included.
 */
export function accessPathOf(path: string, publicPaths: readonly PublicPath[]): AccessPath {
  if (DOT_SEGMENT.test(path)) return { kind: 'caller', external: EXTERNAL.exec(path)?.[1] };
  const operating = OPERATING_PATHS.find((prefix) => isBelow(path, prefix));
  if (operating) {
    if (!publicPaths.includes(operating)) return { kind: 'operator' };
    return { kind: 'public', named: path === '/health/ready' || path === '/metrics' };
  }
  if (isBelow(path, '/admin')) return { kind: 'admin' };
  const callback = CALLBACK.exec(path)?.[1];
  if (callback !== undefined) return { kind: 'callback', external: callback };
  return { kind: 'caller', external: EXTERNAL.exec(path)?.[1] };
}

function isBelow(path: string, prefix: string): boolean {
  if (prefix === '/') return path === '/';
  return path.startsWith(prefix) && (path.length === prefix.length || path[prefix.length] === '/');
}
