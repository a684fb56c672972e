/** Writes the documents that the source code determines, and prints those that changed: `npm run docs:write`. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { generatedDocs } from './generated-docs.js';

for (const [path, content] of Object.entries(await generatedDocs())) {
  if (existsSync(path) && readFileSync(path, 'utf8') === content) continue;
  writeFileSync(path, content);
  console.log(path);
}
