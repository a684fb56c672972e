import type { AddressInfo } from 'node:net';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { BundledSimulator } from './bundled-simulator.js';
import { receiversWarnings } from './config/configuration-warnings.js';
import type { Config } from './config/config.js';
import { readConfig } from './config/load-config.js';
import { createApp } from './create-app.js';
import { PublicListener } from './http/public-listener.js';
import { misspeltVariables } from './config/misspelt-variables.js';
import { ReceiverRegistry } from './notifications/receiver.registry.js';
import { Log } from './observability/logging/log.js';
import { OperatingListener } from './observability/operating/operating-listener.js';
import { startReport } from './observability/start-report.js';
import { Store } from './persistence/store.js';
import { ExternalProviderRegistry } from './providers/external-provider.registry.js';
import { ApiKeys } from './security/api-keys.js';
import { randomHex } from './shared/identifier.js';
import { exitOnSignals, shutDownOnSignals } from './shutdown.js';
import { startFailure } from './start-failure.js';

/** How long the last answers may take to leave after a failed fsync. */
const ANSWERS_MS = 100;

/**
 * Starts the gateway. If its configuration is not valid, prints one line per problem and exits with code 1 (SPEC §6).
 */
export async function start(): Promise<void> {
  const endStart = exitOnSignals();
  try {
    const config = readConfig();
    const app = await createApp(config);
    shutDownOnSignals(app);
    endStart();
    endWhenStorageFails(app);
    await app.get(PublicListener).listen(app, config.http);
    await report(config, app);
    greet(config, app);
  } catch (error) {
    console.error(startFailure(error));
    process.exit(1);
  }
}

/** After a failed fsync only a new process can recover what is on the disk. Callers in flight are answered first. */
function endWhenStorageFails(app: NestExpressApplication): void {
  const log = app.get<Log>(Log);
  void app.get(Store).failure.then((failure) => {
    log.fatal({ err: failure.cause }, failure.message);
    setTimeout(() => process.exit(1), ANSWERS_MS);
  });
}

/** Logs the configuration in one line, as a warning if a setting is risky. */
async function report(config: Config, app: NestExpressApplication): Promise<void> {
  const { address, port } = app.getHttpServer().address() as AddressInfo;
  const externals = app
    .get(ExternalProviderRegistry)
    .all()
    .map((provider) => provider.config);
  const isEmpty = await isLedgerEmpty(app.get(Store));
  const externalNames = externals.map(({ name }) => name);
  const warnings = [
    ...misspeltVariables(),
    ...receiversWarnings(app.get(ReceiverRegistry).all(), externalNames),
  ];
  const started = {
    ...startReport(config, externals, `${address}:${port}`, isEmpty, warnings),
    metricsAddress: app.get(OperatingListener).address,
  };
  const log = app.get<Log>(Log);
  process.on('uncaughtExceptionMonitor', (error) => log.fatal({ err: error }, 'crashed'));
  if (started.warnings.length > 0) log.warn(started, 'started');
  else log.info(started, 'started');
}

async function isLedgerEmpty(store: Store): Promise<boolean> {
  const first = await store.read((db) =>
    db.selectFrom('operations').select('id').limit(1).executeTakeFirst(),
  );
  return first === undefined;
}

/** Prints the addresses and a first request, outside production. */
function greet({ production, externals }: Config, app: NestExpressApplication): void {
  if (production) return;
  const { port } = app.getHttpServer().address() as AddressInfo;
  const gateway = `http://localhost:${port}`;
  console.log(`\nTollgate is ready. Documentation: ${gateway}/documentation`);
  const key = app.get(ApiKeys).throwAwayKey?.reveal();
  if (key !== undefined) console.log(`For ${gateway}/admin/…, until this process ends: X-Api-Key: ${key}`);
  if (externals.kind !== 'simulator') return;
  // A new order for each start: an order can be paid once, and those of earlier starts are in the database.
  const order = `order-${randomHex(3)}`;
  const { url, remembers } = app.get(BundledSimulator);
  const note = remembers ? '' : ' (it forgets everything when this process ends)';
  console.log(`What the simulator executed and was notified of: ${url}/${note}
A first payment:\n
  curl -s ${gateway}/v3/simulator/pay -H 'Content-Type: application/json' \\
    -d '{"amount":1299,"currency":"EUR","shopTransactionId":"${order}"}'\n`);
}
