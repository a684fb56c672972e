import { Alert, Button, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useRouteError } from 'react-router';
import { texts } from '../texts/en';

export function NotFoundPage(): ReactNode {
  return (
    <Stack align="flex-start">
      <Title order={1}>{texts.states.notFoundTitle}</Title>
      <Text>{texts.states.notFound}</Text>
      <Button component={Link} to="/" variant="default">
        {texts.navigation.today}
      </Button>
    </Stack>
  );
}

/** An error of the console itself, or a part of it that could not be loaded. */
export function CrashPage(): ReactNode {
  const error = useRouteError();
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
