import { Textarea } from '@mantine/core';
import type { ReactNode } from 'react';
import { texts } from '../texts/en';

const MAX_LENGTH = 500;

/** Why an operator acts. */
export function ReasonInput({
  value,
  onChange,
  autoFocus = false,
}: {
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly autoFocus?: boolean;
}): ReactNode {
  return (
    <Textarea
      label={texts.actions.reason}
      description={texts.actions.reasonHelp}
      value={value}
      // The API takes one line.
      onChange={({ currentTarget }) => onChange(currentTarget.value.replaceAll(/[\r\n\u2028\u2029]+/g, ' '))}
      maxLength={MAX_LENGTH}
      autosize
      minRows={2}
      required
      data-autofocus={autoFocus || undefined}
    />
  );
}

export function reasonProblem(reason: string): string | undefined {
  return reason.trim() === '' ? texts.actions.reasonMissing : undefined;
}
