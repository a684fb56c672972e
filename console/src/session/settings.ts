import { queryOptions } from '@tanstack/react-query';
import type { OidcSettings } from './oidc';

export interface ConsoleSettings {
  readonly oidc?: OidcSettings;
}

/** What the gateway says before anyone has signed in. */
export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: async ({ signal }): Promise<ConsoleSettings> => {
    const response = await fetch(new URL('./settings.json', document.baseURI), { signal });
    if (!response.ok) throw new Error(`The gateway answered ${response.status}.`);
    return (await response.json()) as ConsoleSettings;
  },
  staleTime: Infinity,
  retry: 3,
});
