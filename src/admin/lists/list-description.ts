import type {
  AnswerDescription,
  Examples,
  OperationDescription,
} from '../../http/openapi/operation-description.js';
import { type DtoClass, Field } from '../../rules/field.js';
import { listOf, textOrNull } from '../../rules/rules.js';
import type { Page } from './keyset.js';
import { documentedQuery } from './list-query.js';

interface ListDescription<Item extends object> {
  readonly id: string;
  readonly summary: string;
  readonly description: string;
  readonly query: DtoClass;
  readonly page: DtoClass<Page<Item>>;
  /** The items of the example, and what the example shows. */
  readonly example: {
    readonly summary: string;
    readonly items: readonly NoInfer<Item>[];
    readonly nextCursor?: string;
  };
  readonly examples?: Examples;
  readonly alternatives?: AnswerDescription['alternatives'];
}

/** Describes a list of `/admin` for the OpenAPI document. */
export function listDescription<Item extends object>({
  page,
  example: { summary, items, nextCursor },
  examples,
  alternatives,
  query,
  ...operation
}: ListDescription<Item>): OperationDescription {
  return {
    ...operation,
    tag: 'Admin',
    query: documentedQuery(query),
    answer: {
      type: page,
      examples: { page: { summary, value: { items, nextCursor: nextCursor ?? null } }, ...examples },
      ...(alternatives && { alternatives }),
    },
  };
}

/** The DTO class of a page. The schema in the OpenAPI document gets the class's name. */
export function pageClass<Item extends object>(name: string, item: DtoClass<Item>): DtoClass<Page<Item>> {
  class RecordPage implements Page<Item> {
    @Field(listOf(() => item))
    items: Item[];

    @Field(textOrNull, {
      description:
        'The cursor of the next page; `null` on the last. A page may be short, even empty, before the last.',
    })
    nextCursor: string | null;
  }
  Object.defineProperty(RecordPage, 'name', { value: name });
  return RecordPage;
}
