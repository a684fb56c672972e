import { Modal, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { texts } from '../texts/en';
import { beginRenewal } from './oidc';
import { session } from './session';
import { settingsQuery } from './settings';
import { SignInForm } from './sign-in-form';

/** Signs in again above the page, which keeps what was typed. */
export function SessionEnded(): ReactNode {
  const { data: settings } = useQuery(settingsQuery);
  const stop = useRef<() => void>(undefined);
  useEffect(() => () => stop.current?.(), []);
  const renew = (): void => {
    stop.current?.();
    stop.current = beginRenewal((token) => session.signIn({ kind: 'token', token }));
  };
  return (
    <Modal
      opened
      onClose={() => session.signOut()}
      title={texts.session.endedTitle}
      closeOnClickOutside={false}
      closeOnEscape={false}
      withCloseButton={false}
      zIndex={1000}
    >
      <Stack>
        <Text size="sm" role="alert">
          {texts.session.ended}
        </Text>
        {settings?.oidc && <Text size="sm">{texts.session.renewHint}</Text>}
        <SignInForm onIssuer={renew} />
      </Stack>
    </Modal>
  );
}
