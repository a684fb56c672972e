/** The part of Express's router that this file reads. */
interface RouterLayer {
  readonly route?: { readonly methods: Readonly<Record<string, boolean>> };
  match(path: string): boolean;
}

/** The methods that `app` supports at `path`, upper case and sorted; empty without a route. */
export function allowedMethods(app: { router: { stack: readonly RouterLayer[] } }, path: string): string[] {
  const methods = new Set<string>();
  for (const layer of app.router.stack) {
    if (!layer.route || !matches(layer, path)) continue;
    for (const [method, supported] of Object.entries(layer.route.methods)) {
      if (supported && method !== '_all') methods.add(method.toUpperCase());
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
