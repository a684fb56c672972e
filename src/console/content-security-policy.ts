/** Stands in the built page where each answer has its own nonce. */
export const NONCE_PLACEHOLDER = '__CSP_NONCE__';

/**
 * The policy of the console's page: scripts, styles and images of this origin only, calls to this origin and to the
 * OIDC issuer. The nonce allows the style elements that Mantine writes at run time; scripts have no such exception.
 */
export function contentSecurityPolicy(nonce: string, issuer: string | undefined): string {
  const connect = issuer === undefined ? '' : ` ${new URL(issuer).origin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    `connect-src 'self'${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
