import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { type ComponentType, lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { attentionQuery, externalsQuery, meQuery } from '../api/queries';
import { Crashed } from '../parts/crashed';
import { session, useSession } from '../session/session';
import { SignIn } from '../session/sign-in';

/** Apart from the sign-in, which a slow computer shows long before it has executed these. */
const loadPages = () => import('./pages');
const Pages = lazy(async (): Promise<{ default: ComponentType<{ ended: boolean }> }> => {
  try {
    return { default: (await loadPages()).Pages };
  } catch (error) {
    return { default: () => <Crashed error={error} component="main" /> };
  }
});

/** The sign-in, or the pages. */
export function App(): ReactNode {
  const { credentials, ended } = useSession();
  const queryClient = useQueryClient();
  const before = useRef(credentials);
  useEffect(() => {
    if (before.current === credentials) return;
    before.current = credentials;
    // Another operator may see other things; the same one wants them fresh.
    if (credentials) void queryClient.invalidateQueries();
    else queryClient.clear();
  }, [credentials, queryClient]);
  if (!credentials) return <SignIn onShown={preloadLater} />;
  return (
    <Suspense>
      <Pages ended={ended} />
    </Suspense>
  );
}

/** A tab that is signed in: the pages, and what each of them shows, are requested while React begins. */
export function preloadSignedIn(client: QueryClient): void {
  if (!session.current().credentials) return;
  void preload();
  // What fails is shown by the pages, which send the queries again.
  void Promise.allSettled([
    client.query(meQuery),
    client.query(attentionQuery),
    client.query(externalsQuery),
  ]);
}

/** While the operator types. */
function preloadLater(): void {
  setTimeout(preload);
}

async function preload(): Promise<void> {
  try {
    await loadPages();
  } catch {
    // Shows where the pages are needed.
  }
}
