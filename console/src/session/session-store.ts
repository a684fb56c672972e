/** What a request is authenticated with. */
export type Credentials =
  { readonly kind: 'key'; readonly key: string } | { readonly kind: 'token'; readonly token: string };

export interface Session {
  readonly credentials: Credentials | undefined;
  /** The gateway no longer accepts the credentials; the page stays, so that nothing typed is lost. */
  readonly ended: boolean;
}

const STORAGE_KEY = 'tollgate.session';
const SIGNED_OUT: Session = { credentials: undefined, ended: false };

/** The part of `sessionStorage` that the session uses: gone with the tab, never in an address or in `localStorage`. */
type TabStorage = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The credentials of this tab. */
export class SessionStore {
  readonly #listeners = new Set<() => void>();
  #session: Session;

  constructor(private readonly storage: TabStorage) {
    this.#session = { credentials: readCredentials(storage.getItem(STORAGE_KEY)), ended: false };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly current = (): Session => this.#session;

  signIn(credentials: Credentials): void {
    this.storage.setItem(STORAGE_KEY, JSON.stringify(credentials));
    this.#become({ credentials, ended: false });
  }

  signOut(): void {
    this.storage.removeItem(STORAGE_KEY);
    this.#become(SIGNED_OUT);
  }

  /** A request with `used` was refused. One that began before a new sign-in does not end the new session. */
  end(used: Credentials | undefined): void {
    if (used === undefined || used !== this.#session.credentials || this.#session.ended) return;
    this.storage.removeItem(STORAGE_KEY);
    this.#become({ credentials: used, ended: true });
  }

  #become(session: Session): void {
    this.#session = session;
    for (const listener of this.#listeners) listener();
  }
}

export function headersOf(credentials: Credentials | undefined): Record<string, string> {
  if (!credentials) return {};
  return credentials.kind === 'key'
    ? { 'X-Api-Key': credentials.key }
    : { Authorization: `Bearer ${credentials.token}` };
}

function readCredentials(text: string | null): Credentials | undefined {
  if (text === null) return undefined;
  try {
    const value = JSON.parse(text) as Credentials;
    return value.kind === 'key' || value.kind === 'token' ? value : undefined;
  } catch {
    return undefined;
  }
}
