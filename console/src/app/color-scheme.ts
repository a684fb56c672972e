import { isMantineColorScheme, type MantineColorSchemeManager } from '@mantine/core';

const STORAGE_KEY = 'tollgate.appearance';

/** Keeps the appearance for the tab: the console leaves nothing behind in the browser. */
export function tabColorScheme(): MantineColorSchemeManager {
  return {
    get: (fallback) => {
      const stored = sessionStorage.getItem(STORAGE_KEY);
      return isMantineColorScheme(stored) ? stored : fallback;
    },
    set: (value) => sessionStorage.setItem(STORAGE_KEY, value),
    subscribe: () => {},
    unsubscribe: () => {},
    clear: () => sessionStorage.removeItem(STORAGE_KEY),
  };
}
