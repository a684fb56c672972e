import { Modal, Stack, Text } from '@mantine/core';
import { type ReactNode, useEffect, useRef } from 'react';
import { texts } from '../texts/en';
import { beginRenewal } from './oidc';
import { session } from './session';
import { SignInForm } from './sign-in-form';

/** Signs in again above the page, which keeps what was typed. */
export function SessionEnded(): ReactNode {
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
        <SignInForm onIssuer={renew} />
      </Stack>
    </Modal>
  );
}
