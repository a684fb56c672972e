import { Button, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link, useRouteError } from 'react-router';
import { Crashed } from '../parts/crashed';
import { texts } from '../texts/en';

export function NotFoundPage(): ReactNode {
  return (
    <Stack align="flex-start">
      <Title order={1} size="h2">
        {texts.states.notFoundTitle}
      </Title>
      <Text>{texts.states.notFound}</Text>
      <Button component={Link} to="/" variant="default">
        {texts.navigation.today}
      </Button>
    </Stack>
  );
}

export function CrashPage(): ReactNode {
  return <Crashed error={useRouteError()} component="main" />;
}

/** In place of one page, below the navigation. */
export function PageCrash(): ReactNode {
  return <Crashed error={useRouteError()} component="section" />;
}
