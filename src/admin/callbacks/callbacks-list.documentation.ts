import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { documentedQuery } from '../lists/list-query.js';
import { CallbackPage } from '../records/callback-record.js';
import { CALLBACK_EXAMPLE } from '../records/examples.js';
import { CallbackQuery } from './callback-list.repository.js';

export const LIST_CALLBACKS: OperationDescription = {
  id: 'listCallbacks',
  tag: 'Admin',
  summary: 'List callbacks',
  description:
    'The newest first. Filters may be combined. A page looks at 2,000 callbacks at most: it may be short, even empty, while `nextCursor` leads on.',
  query: documentedQuery(CallbackQuery),
  answer: {
    type: CallbackPage,
    examples: { page: { summary: 'The only page', value: { items: [CALLBACK_EXAMPLE], nextCursor: null } } },
  },
};
