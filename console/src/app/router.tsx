import { createHashRouter, type RouteObject } from 'react-router';
import { CrashPage, NotFoundPage, PageCrash } from './error-pages';
import { LAZY_PAGES } from './lazy-pages';
import { Shell } from './shell';
import { TodayPage } from '../routes/today/today-page';

/**
 * The pages, in the fragment of the address: the gateway serves one page, under any prefix, and ids of customers do not
 * get into the logs of proxies.
 */
export function createRouter(): ReturnType<typeof createHashRouter> {
  const pages: RouteObject[] = Object.entries(LAZY_PAGES).map(([path, load]) => ({
    path,
    lazy: async () => ({ Component: await load() }),
  }));
  return createHashRouter([
    {
      path: '/',
      Component: Shell,
      ErrorBoundary: CrashPage,
      HydrateFallback: () => null,
      children: [
        // What fails in a page leaves the navigation.
        {
          ErrorBoundary: PageCrash,
          children: [{ index: true, Component: TodayPage }, ...pages, { path: '*', Component: NotFoundPage }],
        },
      ],
    },
  ]);
}
