/**
 * `npm run test:proxies -- --operations 2000 --proxy nginx`: that many operations through a real proxy that repeats failed
 * requests, to two replicas on PostgreSQL that are killed and started again. Exit code 0 only if none was executed twice,
 * and nothing that was executed was answered `not-executed`.
 */
import { parseArgs } from 'node:util';
import { hasProxy, type ProxyName } from '../support/reverse-proxies.js';
import { runBehindProxy } from './proxies.js';

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '2000' },
    proxy: { type: 'string', default: 'nginx' },
    postgres: {
      type: 'string',
      default: process.env['TEST_DATABASE_URL'] ?? 'postgres://postgres@127.0.0.1:5432/test',
    },
  },
});
const name = values.proxy as ProxyName;
if (!hasProxy(name)) throw new Error(`${name} is not installed`);
const { twiceWithKey, twiceWithoutKey, falselyNotExecuted, unanswered, ...figures } = await runBehindProxy(
  name,
  Number(values.operations),
  values.postgres,
);
console.log(JSON.stringify(figures, undefined, 2));
console.log({ twiceWithKey, twiceWithoutKey, falselyNotExecuted, unanswered });
const wrong = [...twiceWithKey, ...twiceWithoutKey, ...falselyNotExecuted, ...unanswered];
process.exitCode = wrong.length > 0 ? 1 : 0;
