import { Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { type Allowed, useAllowed, useLacking } from '../session/scopes';
import { texts } from '../texts/en';

type Need = keyof Allowed;

/** Why acts are missing: the scopes do not allow them. Nothing where they do, or are not known yet. */
export function ScopeNote({ need }: { readonly need?: Need }): ReactNode {
  const lacking = useLacking();
  const text = lacking && textOf(lacking, need);
  return text === undefined ? null : (
    <Text size="sm" c="dimmed">
      {text}
    </Text>
  );
}

/** Acts that need a scope, or that it is missing. */
export function ScopedActs({
  need,
  children,
}: {
  readonly need: Need;
  readonly children: ReactNode;
}): ReactNode {
  const allowed = useAllowed();
  return allowed[need] ? <Group>{children}</Group> : <ScopeNote need={need} />;
}

function textOf(lacking: Allowed, need: Need | undefined): string | undefined {
  const { readOnly, noAct, noSettle } = texts.session;
  if (need !== undefined && !lacking[need]) return undefined;
  if (lacking.act && lacking.settle) return readOnly;
  if (lacking.settle) return noSettle;
  return lacking.act ? noAct : undefined;
}
