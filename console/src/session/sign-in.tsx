import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { texts } from '../texts/en';
import { beginSignIn, completeSignIn, isRenewalTab, isSignInAnswer, type OidcSettings } from './oidc';
import { session } from './session';
import { settingsQuery } from './settings';
import { SignInForm } from './sign-in-form';

/** The first page of a tab, and the one that the issuer leads back to. */
export function SignIn(): ReactNode {
  const { data: settings } = useQuery(settingsQuery);
  const [issuerError, setIssuerError] = useState<string>();
  const begin = (oidc: OidcSettings): void => {
    beginSignIn(oidc).catch((error: unknown) => setIssuerError(messageOf(error)));
  };
  const oidc = settings?.oidc;
  useEffect(() => {
    if (!oidc) return;
    if (isSignInAnswer(location.search)) {
      completeSignIn(oidc).then(
        ({ token, returnTo }) => {
          // The code is spent; it stays in no address.
          history.replaceState(null, '', location.pathname);
          location.hash = returnTo;
          session.signIn({ kind: 'token', token });
        },
        (error: unknown) => {
          history.replaceState(null, '', location.pathname);
          setIssuerError(messageOf(error));
        },
      );
    } else if (isRenewalTab(location.hash)) begin(oidc);
  }, [oidc]);
  return (
    <Center mih="100dvh" p="md" component="main">
      <Paper withBorder p="xl" maw={420} w="100%">
        <Stack>
          <Title order={1} size="h3">
            {texts.product}
          </Title>
          <Text c="dimmed" size="sm">
            {texts.session.intro}
          </Text>
          <SignInForm onIssuer={begin} issuerError={issuerError} />
        </Stack>
      </Paper>
    </Center>
  );
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
