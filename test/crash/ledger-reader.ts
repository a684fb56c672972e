import { randomBytes } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { Pool } from 'pg';

export interface LedgerPayment {
  readonly shop_transaction_id: string;
  readonly payment_id: string | null;
  readonly state: string;
}

/** Reads a gateway's database from outside, as an auditor would. */
export interface LedgerReader {
  /** The variables that configure a gateway with this database. */
  readonly env: Readonly<Record<string, string>>;
  query<Row>(sql: string): Promise<Row[]>;
  dispose(): Promise<void>;
}

export function sqliteLedger(path: string): LedgerReader {
  return {
    env: { DATABASE_URL: `sqlite:${path}` },
    query: <Row>(sql: string) => {
      const database = new DatabaseSync(path, { readOnly: true });
      try {
        return Promise.resolve(database.prepare(sql).all() as Row[]);
      } finally {
        database.close();
      }
    },
    dispose: () => Promise.resolve(),
  };
}

export async function postgresLedger(url: string): Promise<LedgerReader> {
  const schema = `crash_${randomBytes(6).toString('hex')}`;
  // One connection, which runs concurrent queries in turn.
  const client = new Pool({ connectionString: url, max: 1, options: `-c search_path=${schema}` });
  await client.query(`create schema ${schema}`);
  return {
    env: { DATABASE_URL: url, DATABASE_SCHEMA: schema },
    query: async <Row>(sql: string) => (await client.query(sql)).rows as Row[],
    async dispose() {
      await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}
