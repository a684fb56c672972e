import { type DtoClass, type FieldOptions, fieldsOf, QueryField } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { matching } from '../../rules/rule.js';
import { integer } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import type { QueryParameter } from '../../http/openapi/operation-description.js';

/** The parameters that the lists of `/admin` have in common (SPEC §8). */

export const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 200;

const limit = integer(1, MAX_LIMIT);

export const cursorRule = matching(
  'cursor',
  'the nextCursor of a page of this list with the same filters',
  /^[A-Za-z0-9_-]{1,128}$/,
);

export class PageQuery {
  // Without `default` in the schema, which Swagger UI would fill in.
  @QueryField(limit, { description: `The maximum number of items. Default ${DEFAULT_LIMIT}.`, example: 20 })
  limit?: number;

  @QueryField(cursorRule, {
    description: 'The position of the page: the `nextCursor` of the page before, with the same filters.',
  })
  cursor?: string;
}

/** A page of a list that can be cut to a range of time. */
export class TimeRangeQuery extends PageQuery {
  /** Milliseconds since the epoch. */
  @QueryField(instant, {
    description: 'Created at this time or later. A `+` in the zone is written `%2B`.',
    example: '2026-01-31T00:00:00Z',
  })
  from?: number;

  /** Milliseconds since the epoch. */
  @QueryField(instant, { description: 'Created before this time.', example: '2026-02-01T00:00:00Z' })
  to?: number;
}

/** Declares the parameter that selects one external. */
export const ExternalFilter = (): PropertyDecorator =>
  QueryField(externalName, {
    description: 'The name of an external, also of one that is no longer configured.',
    example: 'acme',
  });

/** The parameters of a query class for `/documentation`. */
export function documentedQuery(type: DtoClass): QueryParameter[] {
  return fieldsOf(type).map(({ name, rule, options }) => parameter(name, rule.schema, options));
}

function parameter(
  name: string,
  schema: QueryParameter['schema'],
  { description = '', example }: FieldOptions,
): QueryParameter {
  const { enumName: _name, enumSchema: _schema, ...keywords } = schema;
  return {
    name,
    description,
    schema: { type: 'string', ...keywords },
    ...(example !== undefined && { example }),
  };
}
