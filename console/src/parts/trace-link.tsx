import { Anchor, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { meQuery } from '../api/queries';
import { Copyable } from './copyable';
import { texts } from '../texts/en';

/** The id of a trace to copy, and to open. */
export function TraceId({ value, label }: { readonly value: string; readonly label?: string }): ReactNode {
  return (
    <Group gap="xs">
      <Copyable value={value} {...(label !== undefined && { label })} />
      <TraceLink traceId={value} />
    </Group>
  );
}

/** A link to a trace, where the gateway is configured with the address of the traces. */
function TraceLink({ traceId }: { readonly traceId: string }): ReactNode {
  const { data } = useQuery(meQuery);
  const template = data?.traceUrlTemplate;
  if (template === undefined || !/^[0-9a-f]{32}$/.test(traceId)) return null;
  return (
    <Anchor
      size="sm"
      underline="always"
      href={template.replaceAll('{traceId}', traceId)}
      target="_blank"
      rel="noopener noreferrer"
    >
      {texts.payment.openTrace}
    </Anchor>
  );
}
