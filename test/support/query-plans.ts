import {
  CompiledQuery,
  type KyselyPlugin,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  sql,
  type UnknownRow,
} from 'kysely';
import type { Store, Trx } from '../../src/persistence/store.js';

/** The plan of the database for one query. */
export interface QueryPlan {
  readonly sql: string;
  /** One line for each step: SQLite's own text, or PostgreSQL's node type, relation and index. */
  readonly steps: readonly string[];
}

/** Statistics of this test's tables only: those of the whole server would take long. */
export async function gatherStatistics({ dialect, kysely }: Store): Promise<void> {
  if (dialect !== 'postgres') return;
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = current_schema()`.execute(kysely);
  await sql`analyze ${sql.join(rows.map(({ name }) => sql.table(name)))}`.execute(kysely);
}

class Listener implements KyselyPlugin {
  readonly heard: RootOperationNode[] = [];
  transformQuery({ node }: PluginTransformQueryArgs): RootOperationNode {
    this.heard.push(node);
    return node;
  }
  async transformResult({ result }: PluginTransformResultArgs): Promise<QueryResult<UnknownRow>> {
    return result;
  }
}

/** Runs `work` on an observed connection; returns its result and the plans of its queries. */
export async function plansOf<T>(
  store: Store,
  work: (db: Trx) => Promise<T>,
): Promise<{ result: T; plans: QueryPlan[] }> {
  const listener = new Listener();
  const result = await work(store.kysely.withPlugin(listener) as Trx);
  const plans: QueryPlan[] = [];
  for (const node of listener.heard) {
    const { sql, parameters } = store.kysely.getExecutor().compileQuery(node, { queryId: 'plan' });
    plans.push(await planOf(store, sql, parameters));
  }
  return { result, plans };
}

async function planOf(store: Store, sql: string, parameters: readonly unknown[]): Promise<QueryPlan> {
  if (store.dialect === 'sqlite') {
    const { rows } = await store.kysely.executeQuery<{ detail: string }>(
      CompiledQuery.raw(`explain query plan ${sql}`, [...parameters]),
    );
    return { sql, steps: rows.map(({ detail }) => detail) };
  }
  const { rows } = await store.transaction(async (trx) => {
    // Sorting a few thousand rows is faster than an index; the test disables it to see whether an index can serve.
    for (const way of ['seqscan', 'sort', 'bitmapscan']) {
      await trx.executeQuery(CompiledQuery.raw(`set local enable_${way} = off`));
    }
    return trx.executeQuery<{ 'QUERY PLAN': [{ Plan: PostgresNode }] }>(
      CompiledQuery.raw(`explain (format json) ${sql}`, [...parameters]),
    );
  });
  const nodes = [...walk(rows[0]!['QUERY PLAN'][0].Plan)];
  return {
    sql,
    steps: nodes.map((node) =>
      [node['Node Type'], node['Relation Name'], node['Index Name']].join(' ').trim(),
    ),
  };
}

interface PostgresNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PostgresNode[];
}

function* walk(node: PostgresNode): Generator<PostgresNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* walk(child);
}

const SQLITE_RANGE_OF_KEYS = /^SEARCH \w+ USING (?:COVERING )?INDEX sqlite_autoindex_\w+ \(id>\? AND id<\?\)/;
/** A condition on another column than the primary key. */
const OTHER_CONDITION = /\b(?:where|and) (?!"?(?:\w+"\.")?id"? )/;

/**
 * What in a plan grows with the table: a scan without an index, a sort, or a walk through the primary key that leaves rows out: to find
 * few, or none, it may go over all of them. PostgreSQL may do that, as it knows how many it will leave out; SQLite does not.
 */
export function costlySteps({ sql, steps }: QueryPlan): string[] {
  return steps.filter(
    (step) =>
      (SQLITE_RANGE_OF_KEYS.test(step) && OTHER_CONDITION.test(sql)) ||
      (step.startsWith('SCAN ') &&
        !/USING (COVERING )?INDEX/.test(step) &&
        !/^SCAN (known|CONSTANT ROW)/.test(step)) ||
      step.includes('TEMP B-TREE') ||
      /^(Seq Scan|Sort|Incremental Sort)\b/.test(step),
  );
}
