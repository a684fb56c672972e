import {
  type Compilable,
  type CompiledQuery,
  type Expression,
  type OperationNode,
  type QueryResult,
  ValueNode,
} from 'kysely';
import { type Dialect, dialectOf } from './dialect.js';
import { type PreparedQuery, preparedNameOf } from './prepared-query.js';
import type { Trx } from './store.js';

/**
 * Stands for a parameter while its query is built. Its value is not known then: a query may depend only on whether
 * the parameter is present, and on the length of a list.
 */
export type Placeholders<P> = {
  readonly [K in keyof P]: P[K] extends readonly (infer Item)[]
    ? readonly (Item extends object ? Placeholders<Item> : Expression<Item>)[]
    : undefined extends P[K]
      ? Expression<Exclude<P[K], undefined>> | undefined
      : Expression<P[K]>;
};

/**
 * The parameters on which the text of a query may depend: those that may be undefined, and lists. The type requires
 * all of them.
 */
export type Variables<P> = {
  readonly [K in keyof P as undefined extends P[K] ? K : P[K] extends readonly unknown[] ? K : never]-?: true;
};

/**
 * A query of the hot path, built and compiled once: doing both for each request costs more than running it. `build`
 * receives placeholders instead of parameters, and is called again for each combination of absent parameters and list
 * lengths.
 */
export class Statement<P extends object, Row = unknown> {
  readonly #compiled: Readonly<Record<Dialect, Map<string, PreparedQuery>>> = {
    sqlite: new Map(),
    postgres: new Map(),
  };

  readonly #variables: readonly string[];

  constructor(
    private readonly build: (db: Trx, parameters: Placeholders<P>) => Compilable<Row>,
    ...variables: keyof Variables<P> extends never ? [] : [variables: Variables<P>]
  ) {
    this.#variables = Object.keys(variables[0] ?? {});
  }

  /** Runs the query and returns how many rows it changed. */
  async change(trx: Trx, parameters: P): Promise<number> {
    const { numAffectedRows } = await this.#run(trx, this.#query(trx, parameters));
    return Number(numAffectedRows ?? 0);
  }

  /** Runs the query and returns its rows; it may return all columns of a table. */
  async rows(trx: Trx, parameters: P): Promise<Row[]> {
    const { preparedName: _, ...query } = this.#query(trx, parameters);
    const { rows } = await this.#run(trx, query);
    return rows;
  }

  /** {@link rows} of a query that names its columns: a session prepares it once. */
  async namedRows(trx: Trx, parameters: P): Promise<Row[]> {
    const { rows } = await this.#run(trx, this.#query(trx, parameters));
    return rows;
  }

  #run(trx: Trx, query: CompiledQuery): Promise<QueryResult<Row>> {
    return trx.getExecutor().provideConnection((connection) => connection.executeQuery<Row>(query));
  }

  #query(trx: Trx, parameters: P): PreparedQuery {
    const compiledByShape = this.#compiled[dialectOf(trx)];
    const shape = this.#shapeOf(parameters);
    let compiled = compiledByShape.get(shape);
    if (!compiled) {
      compiled = this.#compile(trx, parameters);
      compiledByShape.set(shape, compiled);
    }
    const { sql, query, queryId, preparedName } = compiled;
    const values = compiled.parameters.map((parameter) =>
      parameter instanceof Placeholder ? parameter.valueIn(parameters) : parameter,
    );
    return { sql, query, queryId, parameters: values, preparedName };
  }

  #compile(trx: Trx, parameters: P): PreparedQuery {
    const compiled = this.build(trx, placeholdersFor(parameters) as Placeholders<P>).compile();
    return { ...compiled, preparedName: preparedNameOf(compiled.sql) };
  }

  /** Empty for most statements. An absent parameter is an undefined one. */
  #shapeOf(parameters: P): string {
    let shape = '';
    for (const name of this.#variables) {
      const value = (parameters as Record<string, unknown>)[name];
      shape += Array.isArray(value) ? `${value.length},` : value === undefined ? '-,' : '+,';
    }
    return shape;
  }
}

class Placeholder implements Expression<unknown> {
  /** The path of the value within the parameters: a name, in a list also an index, and in a list of rows a column. */
  constructor(private readonly path: readonly (string | number)[]) {}

  get expressionType(): undefined {
    return undefined;
  }

  toOperationNode(): OperationNode {
    return ValueNode.create(this);
  }

  valueIn(parameters: object): unknown {
    let value: unknown = parameters;
    for (const step of this.path) value = (value as Record<string | number, unknown>)[step];
    return value;
  }
}

function placeholderFor(value: unknown, ...path: readonly (string | number)[]): unknown {
  if (value === undefined) return undefined;
  if (Array.isArray(value)) return value.map((item, index) => placeholderFor(item, ...path, index));
  if (typeof value === 'object' && value !== null) return placeholdersFor(value, ...path);
  return new Placeholder(path);
}

function placeholdersFor(parameters: object, ...path: readonly (string | number)[]): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, placeholderFor(value, ...path, name)]),
  );
}
