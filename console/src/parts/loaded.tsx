import { Alert, Skeleton, Stack } from '@mantine/core';
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { problemText } from '../api/problem-text';
import { formatClock } from '../format/time';
import { texts } from '../texts/en';
import { ProblemAlert } from './problem-alert';
import { SlowNote } from './slow-note';

/** The content of a query: a skeleton before, the problem instead, and a warning above what is no longer fresh, or late. */
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
  const { data, error, dataUpdatedAt, refetch, isFetching } = query;
  if (data === undefined) {
    if (error) return <ProblemAlert error={error} onRetry={() => void refetch()} />;
    return (
      <>
        <SlowNote text={texts.states.slow} />
        <Stack gap="xs" aria-busy="true" aria-label={texts.states.loading} role="status">
          {Array.from({ length: rows }, (_, row) => (
            <Skeleton key={row} height={48} />
          ))}
        </Stack>
      </>
    );
  }
  const at = formatClock(new Date(dataUpdatedAt));
  return (
    <>
      {error && (
        <Alert color="yellow" variant="outline" role="status" mb="sm">
          {problemText(error).summary} {texts.states.stale(at)}
        </Alert>
      )}
      {!error && isFetching && <SlowNote text={`${texts.states.slow} ${texts.states.stale(at)}`} />}
      {children(data)}
    </>
  );
}
