/**
 * Adds up Jest's reports: `node scripts/count-tests.js report.json ...` prints `N passed, N failed`. Exits with code
 * 1 where a report is missing or contains no test. A file that does not load counts as one failed test.
 */
import { readFileSync } from 'node:fs';

let passed = 0;
let failed = 0;
const files = process.argv.slice(2);
if (files.length === 0) process.exitCode = 1;
for (const file of files) {
  const report = read(file);
  if (!report || report.numPassedTests + report.numFailedTests === 0) process.exitCode = 1;
  passed += report?.numPassedTests ?? 0;
  failed += (report?.numFailedTests ?? 0) + (report?.numRuntimeErrorTestSuites ?? 0);
}
console.log(`${passed} passed, ${failed} failed`);

function read(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
