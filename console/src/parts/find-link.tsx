import { Anchor } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

/** A link that finds an id. */
export function FindLink({ text }: { readonly text: string }): ReactNode {
  return (
    <Anchor
      component={Link}
      to={`/find?${new URLSearchParams({ q: text }).toString()}`}
      size="sm"
      underline="always"
      className="foreign"
    >
      {text}
    </Anchor>
  );
}
