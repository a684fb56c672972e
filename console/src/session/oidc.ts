import type { UserManager } from 'oidc-client-ts';

/** How the issuer is used, as the gateway names it in `settings.json`. */
export interface OidcSettings {
  readonly authority: string;
  readonly clientId: string;
  readonly scope: string;
  readonly audience: string;
}

const CHANNEL = 'tollgate.console';
const RENEWAL = 'renewal';

/** The address that the issuer leads back to: the console’s own page. */
const redirectUri = (): string => new URL('./', document.baseURI).href;

async function manager({ authority, clientId, scope, audience }: OidcSettings): Promise<UserManager> {
  const { InMemoryWebStorage, UserManager, WebStorageStateStore } = await import('oidc-client-ts');
  return new UserManager({
    authority,
    client_id: clientId,
    redirect_uri: redirectUri(),
    response_type: 'code',
    scope,
    resource: audience,
    extraQueryParams: { audience },
    // The session store keeps the access token, until the operator signs out. The library would keep the tokens longer:
    // it stores only the verifier of a sign-in that has begun.
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
    stateStore: new WebStorageStateStore({ store: sessionStorage }),
    loadUserInfo: false,
    automaticSilentRenew: false,
    monitorSession: false,
  });
}

/** Whether the address is the one that the issuer leads back to. */
export function isSignInAnswer(search: string): boolean {
  const parameters = new URLSearchParams(search);
  return parameters.has('state') && (parameters.has('code') || parameters.has('error'));
}

/** Leaves the page for the issuer, which leads back to where the operator was. */
export async function beginSignIn(settings: OidcSettings): Promise<void> {
  await (await manager(settings)).signinRedirect({ state: { returnTo: location.hash } });
}

/** Signs in in another tab, so that this one keeps what was typed; the other one passes the token on. */
export function beginRenewal(onToken: (token: string) => void): () => void {
  const channel = new BroadcastChannel(CHANNEL);
  channel.addEventListener('message', ({ data }: MessageEvent<{ token?: unknown }>) => {
    if (typeof data.token === 'string') onToken(data.token);
  });
  window.open(`${redirectUri()}#/${RENEWAL}`, '_blank', 'noopener');
  return () => channel.close();
}

/**
 * Completes a sign-in: returns the access token and where the operator was.
 * @param answer the address that the issuer led back to
 */
export async function completeSignIn(
  settings: OidcSettings,
  answer: string,
): Promise<{ readonly token: string; readonly returnTo: string }> {
  const user = await (await manager(settings)).signinRedirectCallback(answer);
  const { returnTo } = (user.state ?? {}) as { returnTo?: string };
  const isRenewal = returnTo === `#/${RENEWAL}`;
  if (isRenewal) {
    const channel = new BroadcastChannel(CHANNEL);
    channel.postMessage({ token: user.access_token });
    channel.close();
    window.close();
  }
  return { token: user.access_token, returnTo: isRenewal ? '' : (returnTo ?? '') };
}

/** Whether this tab was opened to sign in again for another one. */
export function isRenewalTab(hash: string): boolean {
  return hash === `#/${RENEWAL}`;
}
