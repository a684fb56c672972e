import { type Kysely, sql } from 'kysely';
import { type Migration as KyselyMigration, DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { dialectOf } from '../dialect.js';
import { migrations as released, type Migration } from './migrations.js';

/** A newer Tollgate has migrated the database: this version does not know its tables and must not touch them. */
export class DatabaseTooNew extends Error {
  constructor(readonly unknownMigrations: readonly string[]) {
    super(
      `the database is newer than this Tollgate: it has the migration ${unknownMigrations.join(', ')}; ` +
        `start the version that made it, or a later one`,
    );
    this.name = 'DatabaseTooNew';
  }
}

interface MigrationOptions {
  /** PostgreSQL: the schema of the tables. Without it Kysely would find the tables of another schema. */
  readonly schema?: string | undefined;
  /** For tests. */
  readonly migrations?: Readonly<Record<string, Migration>>;
}

/**
 * Applies the pending migrations in one transaction and under a lock, so that replicas may start together. Returns
 * the names of those it applied, none if another replica was first.
 * @throws {DatabaseTooNew}
 */
export async function migrateToLatest<DB>(db: Kysely<DB>, options: MigrationOptions = {}): Promise<string[]> {
  const { schema, migrations = released } = options;
  const migrate = async (on: Kysely<DB>): Promise<string[]> => {
    const provider = { getMigrations: async () => forKysely(db, migrations) };
    const migrator = new Migrator({ db: on, provider, migrationTableSchema: schema });
    const { error, results } = await migrator.migrateToLatest();
    if (error !== undefined) throw error as Error;
    return (results ?? []).map((result) => result.migrationName);
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await (dialectOf(db) === 'sqlite' ? migrate(db) : underLock(db, migrate));
    } catch (error) {
      if (attempt < MAX_REPEATS && changedWhileRead(error)) continue;
      await assertAllKnown(db, migrations, schema);
      throw error;
    }
  }
}

/** Kysely's, so that replicas of versions that lock by session wait too. */
const LOCK_ID = sql.lit(3853314791062309107n);

/** In a transaction, and with its lock: behind a pooler no lock of a session holds. */
function underLock<DB, T>(db: Kysely<DB>, work: (trx: Kysely<DB>) => Promise<T>): Promise<T> {
  return db.transaction().execute(async (trx) => {
    await sql`select pg_advisory_xact_lock(${LOCK_ID})`.execute(trx);
    return work(trx);
  });
}

/** `invalid_schema_name`, `undefined_table`, `undefined_column` (PostgreSQL, appendix A). */
const GONE_MEANWHILE: ReadonlySet<unknown> = new Set(['3F000', '42P01', '42703']);

/** Kysely reads the tables of every schema; those of another schema may be dropped or altered meanwhile. */
function changedWhileRead(error: unknown): boolean {
  return error instanceof Error && GONE_MEANWHILE.has((error as { code?: unknown }).code);
}

const MAX_REPEATS = 5;

function forKysely<DB>(
  db: Kysely<DB>,
  migrations: Readonly<Record<string, Migration>>,
): Record<string, KyselyMigration> {
  const dialect = dialectOf(db);
  return Object.fromEntries(
    Object.entries(migrations).map(([name, migration]) => [
      name,
      { up: (trx: Kysely<unknown>) => migration.up(trx, dialect) },
    ]),
  );
}

/** Finds the unknown migration that made the migrator fail, if there is one. */
async function assertAllKnown<DB>(
  db: Kysely<DB>,
  migrations: Readonly<Record<string, Migration>>,
  schema: string | undefined,
): Promise<void> {
  const table =
    schema === undefined ? sql.id(DEFAULT_MIGRATION_TABLE) : sql.id(schema, DEFAULT_MIGRATION_TABLE);
  let applied: { name: string }[];
  try {
    applied = (await sql<{ name: string }>`select name from ${table}`.execute(db)).rows;
  } catch {
    return;
  }
  const unknown = applied.map((row) => row.name).filter((name) => !(name in migrations));
  if (unknown.length > 0) {
    throw new DatabaseTooNew(unknown.toSorted());
  }
}
