/**
 * A gateway whose clock is ahead by `AHEAD_MS`, configured by the environment: the ledger is that much older. Prints its
 * address. For `retention.ts`.
 */
import { loadConfig } from '../../src/config/load-config.js';
import { createApp } from '../../src/create-app.js';
import { PublicListener } from '../../src/http/public-listener.js';
import { SystemClock } from '../../src/shared/clock.js';

class AgedClock extends SystemClock {
  readonly #aheadMs = Number(process.env['AHEAD_MS']);

  override now(): number {
    return super.now() + (this.#aheadMs || 0);
  }
}

const config = loadConfig();
const app = await createApp(config, { clock: new AgedClock() });
const { port } = await app.get(PublicListener).listen(app, config.http);
console.log(`http://127.0.0.1:${port}`);
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
