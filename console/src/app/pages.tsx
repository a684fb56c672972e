import { lazy, type ReactNode, Suspense } from 'react';
import { RouterProvider } from 'react-router/dom';
import { loadSessionEnded } from './lazy-pages';
import { createRouter } from './router';

const router = createRouter();
const SessionEnded = lazy(async () => ({ default: await loadSessionEnded() }));

/** The pages of a tab that is signed in; a session that has ended is renewed above them. */
export function Pages({ ended }: { readonly ended: boolean }): ReactNode {
  return (
    <>
      <RouterProvider router={router} />
      {ended && (
        <Suspense>
          <SessionEnded />
        </Suspense>
      )}
    </>
  );
}
