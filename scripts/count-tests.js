/**
 * Adds up Jest's reports: `node scripts/count-tests.js report.json ...` prints the tests that failed, a line each, and
 * `N passed, N failed`. Exits with code 1 where a test failed, or a report is missing or contains no test.
 * A file that does not load counts as one failed test.
 *
 * Where `report.json.again` stands beside a report, its files were run a second time: its results take the place of the first ones,
 * and what failed at first is printed as `FLAKY`.
 *
 * `--failed-files report.json` prints the number of files with a failure.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, relative } from 'node:path';
import { stripVTControlCharacters } from 'node:util';

const { 2: option, length } = process.argv;
if (option === '--failed-files') {
  console.log(resultsOf(process.argv[3]).filter(hasFailed).length);
} else {
  if (length === 2) process.exitCode = 1;
  const sum = { passed: 0, failed: 0 };
  for (const file of process.argv.slice(2)) add(file, sum);
  console.log(`${sum.passed} passed, ${sum.failed} failed`);
}

function add(report, sum) {
  const first = resultsOf(report);
  const again = existsSync(`${report}.again`) ? resultsOf(`${report}.again`) : [];
  const repeated = new Set(again.map(({ name }) => name));
  for (const result of first) if (repeated.has(result.name)) print('FLAKY', result);
  let tests = 0;
  for (const result of [...first.filter(({ name }) => !repeated.has(name)), ...again]) {
    const passed = count(result, 'passed');
    const failed = count(result, 'failed') || Number(hasFailed(result));
    sum.passed += passed;
    sum.failed += failed;
    tests += passed + failed;
    print('FAILED', result);
  }
  if (tests === 0) console.log(`NO TEST REPORTED: ${basename(report, '.json')}`);
  if (tests === 0 || sum.failed > 0) process.exitCode = 1;
}

function resultsOf(report) {
  try {
    return JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return [];
  }
}

function hasFailed({ status }) {
  return status === 'failed';
}

function count({ assertionResults }, status) {
  return assertionResults.filter((assertion) => assertion.status === status).length;
}

function print(what, result) {
  if (!hasFailed(result)) return;
  const file = relative(process.cwd(), result.name);
  const failed = result.assertionResults.filter(({ status }) => status === 'failed');
  if (failed.length === 0) console.log(`${what} ${file}: ${lineOf(result.message)}`);
  for (const { fullName, failureMessages } of failed)
    console.log(`${what} ${file}: ${fullName}: ${lineOf(failureMessages.join(' '))}`);
}

/** The first words of a message, without colours. */
function lineOf(message = '') {
  return stripVTControlCharacters(message).replaceAll(/\s+/g, ' ').slice(0, 300);
}
