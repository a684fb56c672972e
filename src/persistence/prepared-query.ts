import { createHash } from 'node:crypto';
import type { CompiledQuery } from 'kysely';

/**
 * A query that a connection may prepare once, under this name, and run many times. Not for queries that return all
 * columns of a table (`*`): of a prepared one PostgreSQL refuses to return other columns than before, as when a newer
 * replica has added one.
 */
export interface PreparedQuery extends CompiledQuery {
  readonly preparedName: string;
}

/** From the text: a pooler may give a session to another replica, whose statement of this name must be the same. */
export function preparedNameOf(text: string): string {
  return `tollgate_${createHash('sha256').update(text).digest('hex').slice(0, 24)}`;
}
