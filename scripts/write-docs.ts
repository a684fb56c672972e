/** Writes the documents that the source code determines: `npm run docs:write`. */
import { writeFileSync } from 'node:fs';
import { generatedDocs } from './generated-docs.js';

for (const [path, content] of Object.entries(await generatedDocs())) {
  writeFileSync(path, content);
  console.log(path);
}
