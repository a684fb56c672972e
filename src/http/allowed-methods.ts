/** The part of Express's router that is looked at. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that routes of `app` take at `path`, upper case, sorted; empty where there is no route. */
export function allowedMethods(app: { router: { stack: readonly RouterLayer[] } }, path: string): string[] {
  const methods = new Set<string>();
  for (const layer of app.router.stack) {
    if (!layer.route || !matches(layer, path)) continue;
    for (const [method, taken] of Object.entries(layer.route.methods)) {
      if (taken && method !== '_all') methods.add(method.toUpperCase());
    }
  }
  return [...methods].toSorted();
}

function matches(layer: RouterLayer, path: string): boolean {
  try {
    return layer.match(path);
  } catch {
    return false;
  }
}
