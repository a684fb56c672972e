import type { ReactNode } from 'react';
import { formatRelative, formatTime, formatTimeUtc } from '../format/time';
import { texts } from '../texts/en';
import { useNow } from './use-now';

/** A time in the viewer’s zone; UTC on hover. */
export function Time({
  at,
  relative = false,
}: {
  /** ISO 8601; undefined: none. */
  readonly at: string | undefined;
  /** Also how long ago. */
  readonly relative?: boolean;
}): ReactNode {
  if (at === undefined) return null;
  return (
    <time dateTime={at} title={texts.time.utc(formatTimeUtc(at))} className="time">
      {relative ? <Ago at={at} /> : formatTime(at)}
    </time>
  );
}

/** Each of the two on one line. */
function Ago({ at }: { readonly at: string }): ReactNode {
  return (
    <>
      <span>{formatTime(at)}</span> <span>({formatRelative(at, useNow())})</span>
    </>
  );
}
