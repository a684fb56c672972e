import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { migrations } from '../../src/persistence/migrations/migrations.js';
import { databasePlaces, type DatabasePlace } from '../support/databases.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const APPLIED = `applied ${Object.keys(migrations).join(', ')}\n`;

/** Runs what `npm run migrate` runs, on the sources. */
async function migrate(env: Record<string, string>): Promise<{ code: number; out: string; err: string }> {
  const args = ['--import', './test/support/typescript-hooks.js', 'src/persistence/migrate.main.ts'];
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', ...args], {
    cwd: ROOT,
    env,
  });
  const [out, err, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number]>,
  ]);
  return { code, out, err };
}

function environment({ config }: DatabasePlace): Record<string, string> {
  return config.kind === 'sqlite'
    ? { DATABASE_URL: `sqlite:${config.path}` }
    : { DATABASE_URL: config.url.reveal(), DATABASE_SCHEMA: config.schema! };
}

describe('npm run migrate', () => {
  for (const [name, open] of databasePlaces().filter(([place]) => place !== 'SQLite memory')) {
    it(`migrates a database and prints what it did (${name})`, async () => {
      const place = await open();
      try {
        expect(await migrate(environment(place))).toEqual({ code: 0, out: APPLIED, err: '' });
        expect(await migrate(environment(place))).toEqual({
          code: 0,
          out: 'the database is up to date\n',
          err: '',
        });
      } finally {
        await place.dispose();
      }
    });
  }

  it('prints in one line why it cannot migrate', async () => {
    const unreachable = await migrate({
      DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/nothing',
      DATABASE_WAIT: '0s',
    });
    expect(unreachable).toEqual({ code: 1, out: '', err: 'PostgreSQL: connect ECONNREFUSED 127.0.0.1:1\n' });
    const wrong = await migrate({ DATABASE_URL: 'mysql://127.0.0.1' });
    expect(wrong).toMatchObject({ code: 1, out: '' });
    expect(wrong.err).toMatch(/^DATABASE_URL.*\n$/);
  });
});
