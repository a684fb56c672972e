import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { PROBLEM_CATALOGUE } from '../../src/http/problem-catalogue.js';

const DOCUMENTS = [...globSync('*.md'), ...globSync('docs/**/*.md')].toSorted();
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Record<string, string> };

/** Without code blocks: their `#` are no headings and their brackets no links. */
const prose = (file: string): string => readFileSync(file, 'utf8').replaceAll(/^```[^]*?^```/gm, '');

/** The anchors that GitHub gives the headings of a document. */
function anchors(file: string): string[] {
  return [...prose(file).matchAll(/^#+ (.*)/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  );
}

function leadsNowhere(file: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? file : join(dirname(file), path);
  if (!existsSync(target)) return true;
  return anchor !== undefined && target.endsWith('.md') && !anchors(target).includes(anchor);
}

const linksOf = (file: string): string[] =>
  [...prose(file).matchAll(/\]\((?!https?:)([^)\s]+)(?: '[^']*')?\)/g)].map(([, link]) => link!);
/** Links that name a test: `[text](file 'title of the test')`. */
const testLinksOf = (file: string): string[][] =>
  [...prose(file).matchAll(/\]\((test\/[^)\s]+) '([^']*)'\)/g)].map(([, path, title]) => [path!, title!]);
const pathsIn = (text: string): string[] =>
  [...text.matchAll(/`((?:src|test|docs|scripts|bench|\.ci)\/[\w./-]+)`/g)].map(([, path]) => path!);
const scriptsIn = (text: string): string[] =>
  [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name!);

it('the documents have links, files and scripts to look at', () => {
  const texts = DOCUMENTS.map(prose);
  expect(DOCUMENTS.flatMap(linksOf).length).toBeGreaterThan(20);
  expect(texts.flatMap(pathsIn).length).toBeGreaterThan(20);
  expect(texts.flatMap(scriptsIn).length).toBeGreaterThan(5);
});

describe.each(DOCUMENTS)('%s', (file) => {
  it('links to existing targets', () => {
    const links = linksOf(file);
    expect(links.filter((link) => leadsNowhere(file, link))).toEqual([]);
  });

  it('names existing files and scripts', () => {
    const text = prose(file);
    expect(pathsIn(text).filter((path) => !existsSync(path))).toEqual([]);
    expect(scriptsIn(text).filter((name) => !(name in scripts))).toEqual([]);
  });
});

it('README links each promise to a test', () => {
  const rows = [...prose('README.md').matchAll(/^\| [A-Z].*\]\(test\/.*$/gm)];
  expect(rows.length).toBeGreaterThan(10);
  const links = testLinksOf('README.md');
  expect(links.length).toBeGreaterThan(10);
  const isMissing = ([path, title]: string[]): boolean =>
    !readFileSync(path!, 'utf8').includes(`'${title!}'`);
  expect(links.filter(isMissing)).toEqual([]);
});

it('docs/calling-tollgate.md says what to do after each problem that a caller of /v3 can receive', () => {
  const guide = readFileSync('docs/calling-tollgate.md', 'utf8');
  const ofOperators = ['conflict', 'not-found'];
  const codes = Object.keys(PROBLEM_CATALOGUE).filter((code) => !ofOperators.includes(code));
  expect(codes.filter((code) => !guide.includes(`\`${code}\``))).toEqual([]);
});
