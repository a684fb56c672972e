import { TollgateError } from '@tollgate/client';
import { Center, Paper, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';
import { identify } from '../api/admin';
import { texts } from '../texts/en';
import { beginSignIn, completeSignIn, isRenewalTab, isSignInAnswer, type OidcSettings } from './oidc';
import { session } from './session';
import type { Credentials } from './session-store';
import { settingsQuery } from './settings';
import { SignInForm } from './sign-in-form';

/** Signs in with what the issuer led back with, if the gateway accepts it. */
async function enter(oidc: OidcSettings): Promise<void> {
  // The code is spent either way; it stays in no address.
  const answer = location.href;
  history.replaceState(null, '', location.pathname);
  const { token, returnTo } = await completeSignIn(oidc, answer);
  location.hash = returnTo;
  const credentials: Credentials = { kind: 'token', token };
  await identify(credentials);
  session.signIn(credentials);
}

/** The first page of a tab, and the one that the issuer leads back to. */
export function SignIn({ onShown }: { readonly onShown: () => void }): ReactNode {
  const { data: settings } = useQuery(settingsQuery);
  const [issuerError, setIssuerError] = useState<string>();
  const begin = (oidc: OidcSettings): void => {
    beginSignIn(oidc).catch((error: unknown) => setIssuerError(messageOf(error)));
  };
  const oidc = settings?.oidc;
  useEffect(onShown, [onShown]);
  useEffect(() => {
    if (!oidc) return;
    if (isSignInAnswer(location.search)) {
      enter(oidc).catch((error: unknown) => setIssuerError(messageOf(error)));
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
  if (error instanceof TollgateError) {
    if (error.status === 401) return texts.session.wrongToken;
    if (error.status === 403) return texts.session.tokenLacksScope;
    return error.status === undefined ? texts.session.unreachable : error.detail;
  }
  return error instanceof Error ? error.message : String(error);
}
