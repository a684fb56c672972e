import {
  CompiledQuery,
  type KyselyPlugin,
  type PluginTransformQueryArgs,
  type PluginTransformResultArgs,
  type QueryResult,
  type RootOperationNode,
  type UnknownRow,
} from 'kysely';
import type { Store, Trx } from '../../src/persistence/store.js';

/** What the database does for one query, as far as it matters here. */
export interface QueryPlan {
  readonly sql: string;
  /** One line for each step: SQLite's own text, or PostgreSQL's node type, relation and index. */
  readonly steps: readonly string[];
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

/** Runs `work` on a connection that is listened to; answers its result and the plans of the queries that it made. */
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
    // A few thousand rows are sorted sooner than looked up: whether an index can serve them shows only where it has to.
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

/** What in a plan grows with the table: a scan without an index, or a sort. */
export function costlySteps({ steps }: QueryPlan): string[] {
  return steps.filter(
    (step) =>
      (step.startsWith('SCAN ') &&
        !/USING (COVERING )?INDEX/.test(step) &&
        !/^SCAN (known|CONSTANT ROW)/.test(step)) ||
      step.includes('TEMP B-TREE') ||
      /^(Seq Scan|Sort|Incremental Sort)\b/.test(step),
  );
}
