/** Attacks a port in a process of its own, until it is killed: `attacker.ts HOST PORT EXTERNAL OPEN ATTACK…`. */
import { setPriority } from 'node:os';
import { ATTACKS } from './attacks.js';

const [host = '', port = '', external = '', open = '', ...names] = process.argv.slice(2);
// Strangers have machines of their own: this process takes only what the gateway leaves.
setPriority(19);
// It must not outlive the run that started it.
process.on('disconnect', () => process.exit(0));
const { signal } = new AbortController();
for (const name of names) {
  const attack = ATTACKS[name];
  if (!attack) throw new Error(`There is no attack ${name}`);
  attack({ host, port: Number(port), external, open, signal });
}
setInterval(() => {}, 60_000);
