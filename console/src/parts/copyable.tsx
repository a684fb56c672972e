import { CopyButton, Group, Text, UnstyledButton } from '@mantine/core';
import type { ReactNode } from 'react';
import { texts } from '../texts/en';

/** An id to copy. */
export function Copyable({ value, label }: { readonly value: string; readonly label?: string }): ReactNode {
  return (
    <Group gap={6} wrap="nowrap" align="baseline">
      <Text component="span" size="sm" ff="monospace" className="foreign">
        {value}
      </Text>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <UnstyledButton
            onClick={copy}
            fz="xs"
            td="underline"
            flex="none"
            aria-label={`${texts.payment.copy} ${label ?? value}`}
          >
            {copied ? texts.payment.copied : texts.payment.copy}
          </UnstyledButton>
        )}
      </CopyButton>
    </Group>
  );
}
