/** Runs before the tests on PostgreSQL: without a server, the run must fail instead of skipping its tests. */
import pg from 'pg';

const connectionString = process.env['TEST_DATABASE_URL'] || 'postgres://postgres@127.0.0.1:5432/test';

const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
try {
  await client.connect();
  const { rows } = await client.query('select version()');
  console.log(rows[0].version);
} catch (error) {
  const { host, port, database } = client;
  console.error(
    `PostgreSQL is not available at ${host}:${port}/${database} (TEST_DATABASE_URL): ${error.message || error.code}`,
  );
  process.exitCode = 1;
} finally {
  await client.end().catch(() => {});
}
