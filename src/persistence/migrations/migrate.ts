import { type Kysely, sql } from 'kysely';
import { type Migration as KyselyMigration, DEFAULT_MIGRATION_TABLE, Migrator } from 'kysely/migration';
import { dialectOf } from '../dialect.js';
import { migrations as released, type Migration } from './migrations.js';

/**
 * The first release does not start on a database whose `kysely_migration` names migrations that it does not know, also
 * where it could: a replica that is killed during an upgrade would not come back. Later migrations have their own table.
 */
const isOfFirstRelease = (name: string): boolean => name < '0006';
const LATER_TABLE = 'tollgate_migration';

/** The end of a migration's name after which replicas of the version before cannot run. All others are additive. */
const BREAKING = '-breaking';

/**
 * A newer Tollgate has changed the database so that this version must not touch it. Additive migrations of a newer
 * version are no reason: replicas of two versions run beside each other during an upgrade, and start again.
 */
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
  const first = pick(migrations, isOfFirstRelease);
  const later = pick(migrations, (name) => !isOfFirstRelease(name));
  const migrate = async (on: Kysely<DB>): Promise<string[]> => {
    await separateLater(on, schema);
    const applied = await apply(on, forKysely(db, first), DEFAULT_MIGRATION_TABLE, schema);
    const known = { ...(await ofNewerVersions(on, later, schema)), ...forKysely(db, later) };
    return [...applied, ...(await apply(on, known, LATER_TABLE, schema))];
  };
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await (dialectOf(db) === 'sqlite' ? migrate(db) : underLock(db, migrate));
    } catch (error) {
      if (attempt < MAX_REPEATS && changedWhileRead(error)) continue;
      throw error;
    }
  }
}

function pick(
  migrations: Readonly<Record<string, Migration>>,
  filter: (name: string) => boolean,
): Record<string, Migration> {
  return Object.fromEntries(Object.entries(migrations).filter(([name]) => filter(name)));
}

async function apply<DB>(
  db: Kysely<DB>,
  migrations: Record<string, KyselyMigration>,
  table: string,
  schema: string | undefined,
): Promise<string[]> {
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => migrations },
    migrationTableName: table,
    migrationTableSchema: schema,
  });
  const { error, results } = await migrator.migrateToLatest();
  if (error !== undefined) throw error as Error;
  return (results ?? []).map((result) => result.migrationName);
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

/** Moves the names of later migrations into their table: development versions recorded all in one. */
async function separateLater<DB>(db: Kysely<DB>, schema: string | undefined): Promise<void> {
  if (!(await hasTable(db, DEFAULT_MIGRATION_TABLE, schema))) return;
  const from = tableIn(schema, DEFAULT_MIGRATION_TABLE);
  const to = tableIn(schema, LATER_TABLE);
  const isLater = sql`name >= '0006'`;
  const { rows } = await sql`select name from ${from} where ${isLater}`.execute(db);
  if (rows.length === 0) return;
  await sql`create table ${to} as select * from ${from} where ${isLater}`.execute(db);
  await sql`delete from ${from} where ${isLater}`.execute(db);
}

/**
 * The migrations of newer versions that the database has, for Kysely, which insists on knowing what was applied.
 * @throws {DatabaseTooNew}
 */
async function ofNewerVersions<DB>(
  db: Kysely<DB>,
  migrations: Readonly<Record<string, Migration>>,
  schema: string | undefined,
): Promise<Record<string, KyselyMigration>> {
  if (!(await hasTable(db, LATER_TABLE, schema))) return {};
  const applied = await sql<{ name: string }>`select name from ${tableIn(schema, LATER_TABLE)}`.execute(db);
  const unknown = applied.rows.map((row) => row.name).filter((name) => !(name in migrations));
  const breaking = unknown.filter((name) => name.endsWith(BREAKING));
  if (breaking.length > 0) throw new DatabaseTooNew(breaking.toSorted());
  return Object.fromEntries(unknown.map((name) => [name, { up: async () => {} }]));
}

async function hasTable<DB>(db: Kysely<DB>, name: string, schema: string | undefined): Promise<boolean> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  return tables.some((table) => table.name === name && (schema === undefined || table.schema === schema));
}

function tableIn(schema: string | undefined, name: string): ReturnType<typeof sql.id> {
  return schema === undefined ? sql.id(name) : sql.id(schema, name);
}
