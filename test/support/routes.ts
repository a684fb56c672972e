import type { Gateway } from './gateway.js';

/** A route of the gateway, as its router knows it: `/v3/:external/pay`. */
export interface Route {
  readonly method: string;
  readonly path: string;
}

interface Layer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** All routes of a running gateway, so that tests include future routes. */
export function routesOf(gateway: Gateway): Route[] {
  const express = gateway.app.getHttpAdapter().getInstance() as { router: { stack: readonly Layer[] } };
  return express.router.stack.flatMap(({ route }) =>
    route
      ? Object.keys(route.methods).map((method) => ({ method: method.toUpperCase(), path: route.path }))
      : [],
  );
}

/** The path with `values` for its parameters, and `x` for the others. */
export function pathWith(path: string, values: Readonly<Record<string, string>>): string {
  return path.replaceAll(/[{}]/g, '').replaceAll(/[:*](\w+)/g, (_whole, name: string) => values[name] ?? 'x');
}
