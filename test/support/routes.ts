import type { Gateway } from './gateway.js';

/** A route of the gateway, as its router knows it: `/v3/:external/pay`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** All routes of a running gateway: a test that goes over them has the ones that come later too. */
export function routesOf(gateway: Gateway): Route[] {
  const express = gateway.app.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
  return express.router.stack.flatMap(({ route }) =>
    route
      ? Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path }))
      : [],
  );
}

/** The path with `values` for its parameters, and `x` for those that have none. */
export function pathWith(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/[{}]/g, '').replaceAll(/[:*](\w+)/g, (_whole, name: string) => values[name] ?? 'x');
}
