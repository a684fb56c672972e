import { TollgateError } from '@tollgate/client';
import { Alert, Button, Divider, PasswordInput, Stack } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { type SubmitEvent, type ReactNode, useState } from 'react';
import { identify } from '../api/admin';
import { problemText } from '../api/problem-text';
import { texts } from '../texts/en';
import type { OidcSettings } from './oidc';
import { session } from './session';
import type { Credentials } from './session-store';
import { settingsQuery } from './settings';

/** Asks for credentials and checks them before they become those of the tab. */
export function SignInForm({
  onIssuer,
  issuerError,
}: {
  /** Begins a sign-in at the issuer. */
  readonly onIssuer: (settings: OidcSettings) => void;
  readonly issuerError?: string | undefined;
}): ReactNode {
  const [key, setKey] = useState('');
  const { data: settings } = useQuery(settingsQuery);
  const signIn = useMutation({
    mutationFn: async (credentials: Credentials) => {
      await identify(credentials);
      session.signIn(credentials);
    },
  });
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (key.trim() !== '') signIn.mutate({ kind: 'key', key: key.trim() });
  };
  const oidc = settings?.oidc;
  return (
    <Stack>
      {oidc && (
        <>
          <Button onClick={() => onIssuer(oidc)}>{texts.session.signInWithIssuer}</Button>
          {issuerError !== undefined && (
            <Alert color="red" variant="outline" role="alert">
              {texts.session.issuerFailed(issuerError)}
            </Alert>
          )}
          <Divider label={texts.session.or} />
        </>
      )}
      <form onSubmit={submit}>
        <Stack>
          <PasswordInput
            label={texts.session.key}
            description={texts.session.keyHelp}
            value={key}
            onChange={({ currentTarget: { value } }) => setKey(value)}
            autoComplete="off"
            data-autofocus
            autoFocus
            error={signIn.error ? failureText(signIn.error) : undefined}
          />
          <Button type="submit" variant={oidc ? 'default' : 'filled'} loading={signIn.isPending}>
            {texts.session.signIn}
          </Button>
        </Stack>
      </form>
    </Stack>
  );
}

function failureText(error: unknown): string {
  const status = error instanceof TollgateError ? error.status : undefined;
  if (status === 401) return texts.session.wrongKey;
  if (status === 403) return texts.session.missingScope;
  return status === undefined ? texts.session.unreachable : problemText(error).summary;
}
