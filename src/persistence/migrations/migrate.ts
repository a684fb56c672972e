import { type Kysely, sql } from 'kysely';
import { type Migration as KyselyMigration, DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { dialectOf } from '../dialect.js';
import { migrations as released, type Migration } from './migrations.js';

/** The database has been migrated by a newer Tollgate: this one does not know what its tables mean and must not touch them. */
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
  /** PostgreSQL: where the tables are. It must be named, as Kysely would take another schema's tables for ours. */
  readonly schema?: string | undefined;
  /** For tests. */
  readonly migrations?: Readonly<Record<string, Migration>>;
}

/**
 * Brings the database up to date, all in one transaction and under a lock, so that replicas may start together. Answers the
 * names of the migrations it applied, none where another replica was first.
 * @throws {DatabaseTooNew}
 */
export async function migrateToLatest<DB>(db: Kysely<DB>, options: MigrationOptions = {}): Promise<string[]> {
  const { schema, migrations = released } = options;
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => forKysely(db, migrations) },
    migrationTableSchema: schema,
  });
  let { error, results } = await migrator.migrateToLatest();
  for (let repeat = 0; repeat < MAX_REPEATS && isForeignSchemaGone(error); repeat += 1) {
    ({ error, results } = await migrator.migrateToLatest());
  }
  if (error !== undefined) {
    await assertAllKnown(db, migrations, schema);
    throw error as Error;
  }
  return (results ?? []).map((result) => result.migrationName);
}

/** Kysely looks at the tables of every schema; somebody else's may be dropped in the midst of it (`invalid_schema_name`). */
function isForeignSchemaGone(error: unknown): boolean {
  return error instanceof Error && (error as { code?: unknown }).code === '3F000';
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

/** The migrator has refused already; this finds out whether an unknown migration was its reason, and names it. */
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
