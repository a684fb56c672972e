import {
  createContext,
  type ReactNode,
  Suspense,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';

/** The content of a dialog, which gets the function that closes it. */
export type Dialog = (close: () => void) => ReactNode;

type OpenDialogOf = (dialog: Dialog, about?: string) => void;

const OpenDialog = createContext<OpenDialogOf>(() => {});
const DialogAbout = createContext<string | undefined>(undefined);
const Dialogs = createContext({ isOpen: false, closed: 0 });

/**
 * Shows the dialogs of acts above the page. A dialog outlives the item that it was opened from: once it is settled, the
 * item leaves its list, and the operator still has to read what came of it.
 */
export function ActionHost({ children }: { readonly children: ReactNode }): ReactNode {
  const [dialog, setDialog] = useState<{ readonly content: Dialog; readonly about: string | undefined }>();
  const [closed, setClosed] = useState(0);
  const opener = useRef<Element>(null);
  // A dialog that is removed returns the focus to nothing; without this, a keyboard starts at the top again.
  useEffect(() => {
    if (dialog || !opener.current) return;
    const target = opener.current.isConnected ? opener.current : document.querySelector('#content');
    opener.current = null;
    (target as HTMLElement | null)?.focus();
  }, [dialog]);
  const open: OpenDialogOf = (content, about) => {
    opener.current = document.activeElement;
    setDialog({ content, about });
  };
  const isOpen = dialog !== undefined;
  const dialogs = useMemo(() => ({ isOpen, closed }), [isOpen, closed]);
  const close = (): void => {
    setDialog(undefined);
    setClosed((count) => count + 1);
  };
  return (
    <OpenDialog value={open}>
      <Dialogs value={dialogs}>{children}</Dialogs>
      <DialogAbout value={dialog?.about}>
        {dialog && <Suspense>{dialog.content(close)}</Suspense>}
      </DialogAbout>
    </OpenDialog>
  );
}

export function useOpenDialog(): OpenDialogOf {
  return useContext(OpenDialog);
}

/** What the open dialog is about, where its button named it. */
export function useDialogAbout(): string | undefined {
  return useContext(DialogAbout);
}

/** Whether a dialog is open, and how many have been closed. */
export function useDialogs(): { readonly isOpen: boolean; readonly closed: number } {
  return useContext(Dialogs);
}
