import { Text, type TextProps } from '@mantine/core';
import type { ReactNode } from 'react';
import { formatRelative, formatTime, formatTimeUtc } from '../format/time';
import { texts } from '../texts/en';
import { useNow } from './use-now';

interface Props extends TextProps {
  /** ISO 8601; undefined: none. */
  readonly at: string | undefined;
  /** Also how long ago. */
  readonly relative?: boolean;
}

/** A time in the viewer’s zone; UTC on hover. */
export function Time({ at, relative = false, ...props }: Props): ReactNode {
  if (at === undefined) return null;
  return (
    <Text
      component="time"
      dateTime={at}
      title={texts.time.utc(formatTimeUtc(at))}
      size="sm"
      className="tabular"
      {...props}
    >
      {formatTime(at)}
      {relative && <Ago at={at} />}
    </Text>
  );
}

function Ago({ at }: { readonly at: string }): ReactNode {
  return ` (${formatRelative(at, useNow())})`;
}
