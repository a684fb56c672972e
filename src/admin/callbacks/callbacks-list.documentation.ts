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
    'Lists callbacks, newest first. Filters can be combined. A page scans at most 2,000 callbacks: it may be short or empty while `nextCursor` is not null.',
  query: documentedQuery(CallbackQuery),
  answer: {
    type: CallbackPage,
    examples: { page: { summary: 'The only page', value: { items: [CALLBACK_EXAMPLE], nextCursor: null } } },
  },
};
