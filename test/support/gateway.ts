import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { PublicListener } from '../../src/http/public-listener.js';
import type { LogOutput } from '../../src/observability/logging/log-output.js';
import type { Clock } from '../../src/shared/clock.js';
import { type DatabasePlace, postgresSchema, postgresUrl, sqliteFile } from './databases.js';

export interface GatewayOptions {
  /** Entries of the externals file; without any, the bundled simulator is the external. */
  readonly externals?: readonly object[];
  /** Entries of the receivers file; without any, there is no file. */
  readonly receivers?: readonly object[];
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  /** Destination of the log, at level `fatal` unless `env` names another. Default: every line is made, and none shown. */
  readonly logOutput?: LogOutput;
  /** The database of an earlier gateway, to see what a restart finds. */
  readonly database?: Readonly<Record<string, string>>;
}

/** A gateway on a free port, configured by environment alone as the program is. */
export interface Gateway {
  readonly url: string;
  readonly app: NestExpressApplication;
  /** Its database, for another gateway after or beside it. */
  readonly database: Readonly<Record<string, string>>;
  /** The externals file; a test may change it. Undefined with the bundled simulator. */
  readonly externalsPath: string | undefined;
  /** The receivers file, likewise. */
  readonly receiversPath: string | undefined;
  close(): Promise<void>;
}

/** Every line is made, as in production, where one that cannot be made ends the process. */
const CRASHES_ONLY: LogOutput = {
  write(line) {
    if (line.startsWith('{"level":"fatal"')) process.stderr.write(line);
  },
  flushSync: () => undefined,
  close: () => undefined,
};

/** Starts a gateway with a database of its own, on PostgreSQL if `TEST_DATABASE_URL` is set, else on SQLite. */
export async function startGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'tollgate-'));
  const own = options.database ? undefined : await (postgresUrl() ? postgresSchema() : sqliteFile());
  const database = options.database ?? variablesOf(own!);
  const externalsPath = options.externals && join(folder, 'externals.json');
  if (externalsPath) writeFileSync(externalsPath, JSON.stringify({ externalServices: options.externals }));
  const receiversPath = options.receivers && join(folder, 'receivers.json');
  if (receiversPath) writeFileSync(receiversPath, JSON.stringify({ receivers: options.receivers }));
  const config = loadConfig({
    HTTP_PORT: '0',
    HTTP_HOST: '127.0.0.1',
    LOG_LEVEL: options.logOutput ? 'fatal' : 'trace',
    ...database,
    ...(externalsPath && { EXTERNAL_PROVIDERS_CONFIG: externalsPath }),
    ...(receiversPath && { RECEIVERS_CONFIG: receiversPath }),
    ...options.env,
  });
  const { clock, logOutput = CRASHES_ONLY } = options;
  const app = await createApp(config, { ...(clock && { clock }), logOutput });
  const { port } = await app.get(PublicListener).listen(app, config.http);
  return {
    url: `http://127.0.0.1:${port}`,
    app,
    database,
    externalsPath,
    receiversPath,
    async close() {
      await app.close();
      await own?.dispose();
      if (own) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A key as an operator makes one. */
export function fingerprintKey(): string {
  return randomBytes(32).toString('hex');
}

/** The variables that configure a gateway with the database. */
export function variablesOf({ config }: DatabasePlace): Readonly<Record<string, string>> {
  if (config.kind === 'sqlite') return { DATABASE_URL: `sqlite:${config.path}` };
  return {
    DATABASE_URL: config.url.reveal(),
    DATABASE_SCHEMA: config.schema!,
    DATABASE_POOL_SIZE: '5',
    FINGERPRINT_KEY: fingerprintKey(),
  };
}
