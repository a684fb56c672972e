import { QueryField } from '../../rules/field.js';
import { readingRule, Violation } from '../../rules/rule.js';
import { integer } from '../../rules/rules.js';
import { FEED_TYPES, type FeedType } from './feed-item.js';
import { type FeedCursor, feedCursor } from './feed-position.js';

export const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000;
const MAX_WAIT_S = 30;

const types = readingRule<ReadonlySet<FeedType>>(
  'feedTypes',
  `one or more of ${FEED_TYPES.join(', ')}, comma-separated`,
  (text) => {
    const names = text.split(',');
    return names.every((name) => (FEED_TYPES as readonly string[]).includes(name))
      ? new Set(names as FeedType[])
      : new Violation();
  },
);

export class FeedQuery {
  @QueryField(feedCursor, {
    description: 'The `nextCursor` of the answer before. Without: from the first change on.',
  })
  after?: FeedCursor;

  @QueryField(types, { description: 'Comma-separated: `payment`, `refund`, `subscription`. Default: all.' })
  types?: ReadonlySet<FeedType>;

  @QueryField(integer(1, MAX_LIMIT), {
    description: `The number of changes. Default ${DEFAULT_LIMIT}.`,
    example: 100,
  })
  limit?: number;

  @QueryField(integer(0, MAX_WAIT_S), {
    description: 'Seconds to wait for a change if there is none (long polling). Default 0.',
    example: 0,
  })
  wait?: number;
}
