import { EmptyState } from '@mantine/core';
import type { ReactNode } from 'react';

/** Nothing is here, and what to do about it. */
export function Empty({ title, text }: { readonly title: string; readonly text: string }): ReactNode {
  return <EmptyState className="foreign" title={title} description={text} size="sm" py="lg" />;
}
