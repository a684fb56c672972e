import { Alert, Button, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';
import { texts } from '../texts/en';

/** As browsers and Vite say that a part of the console could not be loaded. */
const NOT_LOADED = /dynamically imported module|module script failed|unable to preload/i;
const RETRY_MS = 3_000;

/** In place of a page: an error of the console itself, or a part of it that could not be loaded. */
export function Crashed({
  error,
  component,
}: {
  readonly error: unknown;
  readonly component: 'main' | 'section';
}): ReactNode {
  const message = error instanceof Error ? error.message : String(error);
  const notLoaded = NOT_LOADED.test(message);
  const { states } = texts;
  return (
    <Stack p="md" align="flex-start" component={component}>
      <Title order={1} size="h2">
        {notLoaded ? states.notLoadedTitle : states.crashedTitle}
      </Title>
      <Text role="status">{notLoaded ? states.notLoaded : states.crashed}</Text>
      {notLoaded && <Reloading />}
      <Alert color="red" variant="outline" className="foreign">
        {message}
      </Alert>
      <Button onClick={() => location.reload()}>{states.retry}</Button>
    </Stack>
  );
}

/** Loads the page anew once the gateway answers; the session and the address stay. */
function Reloading(): ReactNode {
  useEffect(() => {
    const timer = setInterval(async () => {
      try {
        const { ok } = await fetch(new URL('./settings.json', document.baseURI), { cache: 'no-store' });
        if (ok) location.reload();
      } catch {
        // Still down.
      }
    }, RETRY_MS);
    return () => clearInterval(timer);
  }, []);
  return null;
}
