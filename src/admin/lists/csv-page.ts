import type { Request } from 'express';
import type { AnswerDescription } from '../../http/openapi/operation-description.js';
import { TextAnswer } from '../../http/http-answer.js';
import { csvOf } from './csv.js';
import type { Page } from './keyset.js';

const JSON_TYPE = 'application/json';
const CSV_TYPE = 'text/csv';
const WHOLE_CSV_TYPE = `${CSV_TYPE}; charset=utf-8; header=present`;

/** The page as CSV where the request prefers it, else as it is. The route varies by `Accept`. */
export function csvIfPreferred<Item extends object>(
  request: Request,
  page: Page<Item>,
  columns: readonly (keyof Item & string)[],
  name: string,
): Page<Item> | TextAnswer {
  // Including its parameters, which a caller may request.
  if (request.accepts(JSON_TYPE, WHOLE_CSV_TYPE) !== WHOLE_CSV_TYPE) return page;
  const { items, nextCursor } = page;
  return new TextAnswer(200, csvOf<Item>(columns, items), WHOLE_CSV_TYPE, {
    'Content-Disposition': `attachment; filename="${name}.csv"`,
    // RFC 8288.
    ...(nextCursor !== null && { Link: `<${nextPage(request, nextCursor)}>; rel="next"` }),
  });
}

/** The alternative for the OpenAPI document. */
export function csvAlternative<Item extends object>(
  columns: readonly (keyof Item & string)[],
  summary: string,
  items: readonly Item[],
): NonNullable<AnswerDescription['alternatives']> {
  return {
    [CSV_TYPE]: {
      schema: { type: 'string' },
      examples: { page: { summary, value: csvOf<Item>(columns, items) } },
    },
  };
}

function nextPage({ originalUrl }: Request, cursor: string): string {
  const [path, query = ''] = originalUrl.split('?', 2);
  const parameters = new URLSearchParams(query);
  parameters.set('cursor', cursor);
  return `${path}?${parameters.toString()}`;
}
