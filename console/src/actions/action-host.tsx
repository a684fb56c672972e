import { createContext, type ReactNode, useContext, useState } from 'react';

/** The content of a dialog, which gets the function that closes it. */
export type Dialog = (close: () => void) => ReactNode;

const OpenDialog = createContext<(dialog: Dialog) => void>(() => {});

/**
 * Shows the dialogs of acts above the page. A dialog outlives the item that it was opened from: once it is settled, the
 * item leaves its list, and the operator still has to read what came of it.
 */
export function ActionHost({ children }: { readonly children: ReactNode }): ReactNode {
  const [dialog, setDialog] = useState<{ readonly content: Dialog }>();
  return (
    <OpenDialog value={(content) => setDialog({ content })}>
      {children}
      {dialog?.content(() => setDialog(undefined))}
    </OpenDialog>
  );
}

export function useOpenDialog(): (dialog: Dialog) => void {
  return useContext(OpenDialog);
}
