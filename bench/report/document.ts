import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { format, resolveConfig } from 'prettier';
import type { PartName } from '../part.js';

const DOCUMENT = fileURLToPath(new URL('../../docs/performance.md', import.meta.url));

/** As `npm run format` wants it. */
export async function formatted(markdown: string): Promise<string> {
  return format(markdown, { ...(await resolveConfig(DOCUMENT)), parser: 'markdown' });
}

/**
 * Puts `markdown` between the markers of a part in `file`. What is outside of them is written by people, and stays.
 */
export async function writeSection(part: PartName, markdown: string, file = DOCUMENT): Promise<void> {
  const [begin, end] = [`<!-- bench:${part} -->`, `<!-- /bench:${part} -->`];
  const text = readFileSync(file, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${file} has no ${begin} … ${end}`);
  const changed = `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`;
  writeFileSync(file, await formatted(changed));
}
