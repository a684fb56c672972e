import { Alert, Anchor, Button, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { isNotFound, problemText } from '../api/problem-text';
import { recoveryMs } from '../api/recovery';
import { texts } from '../texts/en';
import { Copyable } from './copyable';

/** What went wrong, what it means, and what to do. */
export function ProblemAlert({
  error,
  onRetry,
}: {
  readonly error: unknown;
  /** Sends it again; the page does so by itself too. */
  readonly onRetry?: () => void;
}): ReactNode {
  const { summary, detail, consequence, requestId } = problemText(error);
  return (
    <Alert color="red" variant="outline" title={summary} role="alert">
      <Stack gap="xs" align="flex-start">
        {detail !== undefined && (
          <Text size="sm" className="foreign">
            {detail}
          </Text>
        )}
        {consequence !== undefined && <Text size="sm">{consequence}</Text>}
        {requestId !== undefined && <Copyable value={requestId} label={texts.problems.requestId} />}
        {onRetry && recoveryMs(error) !== false && <Text size="sm">{texts.states.keepsTrying}</Text>}
        {isNotFound(error) && (
          <Anchor component={Link} to="/find" size="sm" underline="always">
            {texts.problems.search}
          </Anchor>
        )}
        {onRetry && !isNotFound(error) && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {texts.states.retry}
          </Button>
        )}
      </Stack>
    </Alert>
  );
}
