import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants } from 'node:zlib';
import { defineConfig } from 'vite';

const ROOT = fileURLToPath(new URL('.', import.meta.url));
const DIST = join(ROOT, 'dist');

/** The gateway sends these to browsers that accept them, and compresses nothing itself. */
function brotliFiles() {
  return {
    name: 'brotli-files',
    apply: 'build',
    closeBundle() {
      const assets = join(DIST, 'assets');
      for (const name of readdirSync(assets).filter((each) => /\.(js|css|svg)$/.test(each))) {
        const content = readFileSync(join(assets, name));
        const params = { [constants.BROTLI_PARAM_QUALITY]: 11 };
        writeFileSync(join(assets, `${name}.br`), brotliCompressSync(content, { params }));
      }
    },
  };
}

export default defineConfig({
  root: ROOT,
  logLevel: 'warn',
  // Relative addresses: the page works below any prefix that a proxy removes.
  base: './',
  plugins: [brotliFiles()],
  // Its sources: the console needs no build of it before its own.
  resolve: { alias: { '@tollgate/client': join(ROOT, '../client/src/index.ts') } },
  build: {
    target: 'es2023',
    // The policy of the page allows no data: URLs.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
    // Packages mark what may run on a server too; here everything runs in the browser.
    rolldownOptions: {
      onLog(level, log, handle) {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handle(level, log);
      },
    },
  },
  server: {
    // `npx vite console`, beside a gateway on its default port.
    proxy: {
      '/admin': 'http://127.0.0.1:8080',
      '/settings.json': { target: 'http://127.0.0.1:8080/console' },
    },
  },
});
