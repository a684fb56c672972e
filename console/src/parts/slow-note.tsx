import { Alert } from '@mantine/core';
import { type ReactNode, useEffect, useState } from 'react';

const SLOW_MS = 4_000;

/** Says so once something has taken longer than a person waits without a word. */
export function SlowNote({ text }: { readonly text: string }): ReactNode {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSlow(true), SLOW_MS);
    return () => clearTimeout(timer);
  }, []);
  return slow ? (
    <Alert color="yellow" variant="outline" role="status" mb="sm">
      {text}
    </Alert>
  ) : null;
}
