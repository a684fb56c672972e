/**
 * Counts the source files and modules that execute code for one request, so that two releases can be compared:
 *
 *     npm run path                            of ./dist
 *     npm run path -- --dist ../other/dist    of another build; a bundle with source maps works too
 *     npm run path -- --list                  with the files of each story
 *     npm run path -- --lines                 files and lines of the sources instead, by folder; nothing is started
 *
 * What counts:
 * - A file counts when at least one of its functions is called in the main thread; that it is loaded does not count.
 * - A module is the first folder below src/. Files directly in src/ belong to no module.
 * - A story lasts from its request until its last effect is there and the gateway is idle. Where the gateway's
 * schedule
 *   begins it, it is the burst of activity, from one pause to the next, in which that effect falls. The stories of a
 *   callback and of a reconciled payment include the delivery of the notification that they cause; the story of a
 * delivery
 *   is a second attempt, so that its cause is not in it.
 * - pay and refund run with WORKERS=off: nothing else happens meanwhile. The others need the workers, which also
 * poll: a
 *   story begins at a random moment and is repeated until `--repetitions` (8) in a row take no file away. A busy
 * machine
 *   stretches a story, and what polls meanwhile may stay in it: run it on an idle one, twice.
 *
 * The gateway is configured as in production, on SQLite. External and receiver run in this process, and are not
 * counted.
 */
import { randomUUID } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { InspectedGateway } from './path/inspected-gateway.js';
import { moduleOf } from './path/source-files.js';
import { sourceLines } from './path/source-lines.js';
import { StubServices } from './path/stub-services.js';

const { values: options } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    list: { type: 'boolean', default: false },
    lines: { type: 'boolean', default: false },
    repetitions: { type: 'string', default: '8' },
  },
});
const repetitions = Number(options.repetitions);
if (!(Number.isInteger(repetitions) && repetitions >= 1)) {
  throw new Error('--repetitions must be an integer from 1');
}
const dist = resolve(options.dist);

if (options.lines) printLines();
else await printPaths();

function printLines() {
  const folders = sourceLines(dirname(dist));
  const total = { folder: 'total', files: sumOf(folders, 'files'), lines: sumOf(folders, 'lines') };
  printTable(['folder', 'files', 'lines'], [...folders, total].map(Object.values));
}

async function printPaths() {
  const services = await StubServices.start();
  try {
    const paths = [
      ...(await pathsOf(requests, services, { workers: false })),
      ...(await pathsOf(backgroundWork, services, { workers: true })),
    ];
    printTable(
      ['story', 'files', 'modules'],
      paths.map(({ name, files }) => [name, files.length, modulesOf(files).length]),
    );
    if (options.list) paths.forEach(printFiles);
  } finally {
    await services.stop();
  }
}

/**
 * A story: what has to be there before (`prepare`), what begins it (`act`; without it, the gateway's schedule does),
 * and the effect that it ends with (`isDone`; without it, the answer to `act`).
 */
function requests({ post, pay }) {
  return [
    { name: 'pay', act: pay },
    {
      name: 'refund',
      prepare: pay,
      act: ({ paymentId }) => post('refund', { amount: 500, currency: 'EUR', paymentId }),
    },
  ];
}

function backgroundWork({ post, pay }, services) {
  const payLater = () => {
    services.nextPayment = 'pending';
    return pay();
  };
  const callback = ({ paymentId }) => post(`callback?paymentId=${paymentId}`, { paymentId });
  const isDone = () => services.delivered > 0;
  return [
    { name: 'callback', prepare: payLater, act: callback, isDone },
    {
      name: 'delivery',
      async prepare() {
        services.refusedDeliveries = 1;
        await callback(await payLater());
        await services.until(() => services.refusedDeliveries === 0);
      },
      isDone,
    },
    {
      name: 'reconciliation',
      async prepare() {
        services.nextPayment = 'unanswered';
        await pay(502);
      },
      isDone,
    },
  ];
}

/** The calls of a caller and of the external, which throw on any other status than the expected one. */
function callsOf(gateway) {
  const post = async (operation, body, expected = 200) => {
    const { status, answer } = await gateway.post(`/v3/acme/${operation}`, body);
    if (status === expected) return answer;
    throw new Error(`${operation} was answered with ${status}: ${JSON.stringify(answer)}`);
  };
  const pay = (expected) =>
    post('pay', { amount: 1299, currency: 'EUR', shopTransactionId: randomUUID() }, expected);
  return { post, pay };
}

async function pathsOf(storiesOf, services, settings) {
  const gateway = await InspectedGateway.start(join(dist, 'main.js'), services.url, settings);
  try {
    const paths = [];
    for (const story of storiesOf(callsOf(gateway), services)) {
      const files = await filesOf(story, gateway, services);
      paths.push({ name: story.name, files: [...files].toSorted((a, b) => (a < b ? -1 : 1)) });
    }
    return paths;
  } finally {
    await gateway.stop();
  }
}

/** What is left when enough repetitions in a row have taken nothing away; the first one loads what is loaded late. */
async function filesOf(story, gateway, services) {
  await burstOf(story, gateway, services);
  let files = await burstOf(story, gateway, services);
  for (let unchanged = 0; unchanged < repetitions;) {
    const common = files.intersection(await burstOf(story, gateway, services));
    unchanged = common.size === files.size ? unchanged + 1 : 0;
    files = common;
  }
  return files;
}

async function burstOf({ prepare, act, isDone = () => true }, gateway, services) {
  services.delivered = 0;
  const prepared = await prepare?.();
  await gateway.pause();
  if (services.delivered > 0) throw new Error('The story was over before it was measured');
  return gateway.burst(act && (() => act(prepared)), isDone);
}

function modulesOf(files) {
  return [...new Set(files.map(moduleOf).filter((name) => name !== undefined))];
}

function printFiles({ name, files }) {
  console.log(`\n${name}: ${modulesOf(files).join(', ')}`);
  for (const file of files) console.log(`  ${file}`);
}

function printTable(head, rows) {
  const table = [head, ...rows].map((cells) => cells.map(String));
  const widths = head.map((_, column) => Math.max(...table.map((cells) => cells[column].length)));
  for (const cells of table) {
    const padded = cells.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
    );
    console.log(padded.join('  '));
  }
}

function sumOf(rows, field) {
  return rows.reduce((sum, row) => sum + row[field], 0);
}
