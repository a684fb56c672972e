import { Alert, Button, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { texts } from '../texts/en';

/** In place of a page: an error of the console itself, or a part of it that could not be loaded. */
export function Crashed({ error }: { readonly error: unknown }): ReactNode {
  return (
    <Stack p="md" align="flex-start" component="main">
      <Title order={1}>{texts.states.crashedTitle}</Title>
      <Text>{texts.states.crashed}</Text>
      <Alert color="red" variant="outline">
        {error instanceof Error ? error.message : String(error)}
      </Alert>
      <Button onClick={() => location.reload()}>{texts.states.retry}</Button>
    </Stack>
  );
}
