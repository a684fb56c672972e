import { Button } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';

/** A button that opens the dialog of an act. */
export function ActionButton({
  label,
  primary = false,
  dialog,
  about,
}: {
  readonly label: string;
  readonly primary?: boolean;
  readonly dialog: (close: () => void) => ReactNode;
  /** What the act is about, for readers of screens where several buttons have the same label. */
  readonly about?: string | undefined;
}): ReactNode {
  const [opened, { open, close }] = useDisclosure(false);
  return (
    <>
      <Button
        size="xs"
        variant={primary ? 'filled' : 'default'}
        onClick={open}
        aria-label={about === undefined ? undefined : `${label}: ${about}`}
      >
        {label}
      </Button>
      {opened && dialog(close)}
    </>
  );
}
