import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { RouterProvider } from 'react-router/dom';
import { useSession } from '../session/session';
import { SessionEnded } from '../session/session-ended';
import { SignIn } from '../session/sign-in';
import { createRouter } from './router';

const router = createRouter();

/** The sign-in, or the pages; a session that has ended is renewed above its page. */
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
  if (!credentials) return <SignIn />;
  return (
    <>
      <RouterProvider router={router} />
      {ended && <SessionEnded />}
    </>
  );
}
