import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { BundledSimulator } from './bundled-simulator.js';
import { ConfigError } from './config/config-error.js';
import type { Config } from './config/config.js';
import { ExternalsFileError } from './config/externals-file-error.js';
import { readConfig } from './config/read-config.js';
import { createApp } from './create-app.js';
import { Log } from './observability/logging/log.js';
import { startReport } from './observability/start-report.js';
import { DatabaseTooNew } from './persistence/migrations/migrate.js';
import { DatabaseInUse } from './persistence/sqlite/sqlite-file.js';
import { StorageUnavailable } from './persistence/store.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';
import { randomHex } from './shared/identifier.js';
import { shutDownOnSignals } from './shutdown.js';

/** Starts the gateway; a mistake in its configuration ends it with exit code 1 and one line for each (SPEC §6). */
export async function start(): Promise<void> {
  try {
    const config = readConfig();
    const app = await createApp(config);
    shutDownOnSignals(app);
    await app.listen(config.http.port, config.http.host);
    report(config, app);
    greet(config, app);
  } catch (error) {
    console.error(describe(error));
    process.exit(1);
  }
}

/** One line for whoever reads the log later; loud where something had better be changed. */
function report(config: Config, app: NestExpressApplication): void {
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  const externals = app
    .get(ExternalProviderRegistry)
    .all()
    .map((provider) => provider.config);
  const started = startReport(config, externals, `${address}:${port}`);
  const log = app.get<Log>(Log);
  process.on('uncaughtExceptionMonitor', (error) => log.fatal({ err: error }, 'crashed'));
  if (started.warnings.length > 0) log.warn(started, 'started');
  else log.info(started, 'started');
}

/** For a person who tries it; in production the log says the same in JSON. */
function greet({ production, externals }: Config, app: NestExpressApplication): void {
  if (production) return;
  const { port } = app.getHttpServer().address() as AddressInfo;
  const gateway = `http://localhost:${port}`;
  console.log(`\nTollgate is ready. Documentation: ${gateway}/documentation`);
  if (externals.kind !== 'simulator') return;
  // An order of its own: those of earlier starts are in the database, and an order is paid once.
  const order = `order-${randomHex(3)}`;
  console.log(`What the simulator executed and was notified of: ${app.get(BundledSimulator).url}/
A first payment:\n
  curl -s ${gateway}/v3/simulator/pay -H 'Content-Type: application/json' \\
    -d '{"amount":1299,"currency":"EUR","shopTransactionId":"${order}"}'\n`);
}

/** What an operator can mend is told in its own words; anything else is a defect, and comes with its stack. */
const EXPECTED = [ConfigError, ExternalsFileError, DatabaseInUse, DatabaseTooNew, StorageUnavailable];

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  // The system's own refusals: the port is taken, a file cannot be read.
  const expected = EXPECTED.some((type) => error instanceof type) || 'syscall' in error;
  return expected ? error.message : (error.stack ?? error.message);
}
