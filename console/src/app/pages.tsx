import { type ReactNode } from 'react';
import { RouterProvider } from 'react-router/dom';
import { SessionEnded } from '../session/session-ended';
import { createRouter } from './router';

const router = createRouter();

/** The pages of a tab that is signed in; a session that has ended is renewed above them. */
export function Pages({ ended }: { readonly ended: boolean }): ReactNode {
  return (
    <>
      <RouterProvider router={router} />
      {ended && <SessionEnded />}
    </>
  );
}
