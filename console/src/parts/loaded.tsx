import { Alert, Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { formatClock } from '../format/time';
import { texts } from '../texts/en';
import { ProblemAlert } from './problem-alert';

/** The content of a query: a skeleton before, the problem instead, and a warning above what is no longer fresh. */
export function Loaded<T>({
  query,
  children,
  rows = 3,
}: {
  readonly query: UseQueryResult<T>;
  readonly children: (data: T) => ReactNode;
  /** Of the skeleton. */
  readonly rows?: number;
}): ReactNode {
  const { data, error, dataUpdatedAt, refetch } = query;
  if (data === undefined) {
    if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
    return (
      <Stack gap="xs" aria-busy="true" aria-label={texts.states.loading} role="status">
        {Array.from({ length: rows }, (_, row) => (
          <Skeleton key={row} height={48} />
        ))}
      </Stack>
    );
  }
  return (
    <>
      {error && (
        <Alert color="yellow" variant="outline" role="status" mb="sm">
          {texts.states.stale(formatClock(new Date(dataUpdatedAt)))}
        </Alert>
      )}
      {children(data)}
    </>
  );
}
