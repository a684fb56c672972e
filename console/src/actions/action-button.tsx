import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Dialog, useOpenDialog } from './action-host';

/** A button that opens the dialog of an act. */
export function ActionButton({
  label,
  primary = false,
  dialog,
  about,
}: {
  readonly label: string;
  readonly primary?: boolean;
  readonly dialog: Dialog;
  /** What the act is about, where several buttons have the same label: for readers of screens, and for the dialog. */
  readonly about?: string | undefined;
}): ReactNode {
  const openDialog = useOpenDialog();
  return (
    <Button
      size="xs"
      variant={primary ? 'filled' : 'default'}
      onClick={() => openDialog(dialog, about)}
      aria-label={about === undefined ? undefined : `${label}: ${about}`}
    >
      {label}
    </Button>
  );
}
