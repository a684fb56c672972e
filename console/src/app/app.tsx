import { useQueryClient } from '@tanstack/react-query';
import { type ComponentType, lazy, type ReactNode, Suspense, useEffect, useRef } from 'react';
import { Crashed } from '../parts/crashed';
import { useSession } from '../session/session';
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
  if (!credentials) return <SignIn onShown={preload} />;
  return (
    <Suspense>
      <Pages ended={ended} />
    </Suspense>
  );
}

/** While the operator types. */
function preload(): void {
  setTimeout(async () => {
    try {
      await loadPages();
    } catch {
      // Shows where the pages are needed.
    }
  });
}
