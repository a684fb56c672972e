/** Where a text stops being JSON: line and column count from 1, columns in UTF-16 units. */
export interface JsonSyntaxError {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

export interface JsonScan {
  readonly syntaxError: JsonSyntaxError | undefined;
  /** JSON pointers of members whose name was there before in the same object: `JSON.parse` keeps the last one silently. */
  readonly duplicates: readonly string[];
}

const SPACE = /[ \t\n\r]*/y;
const TOKEN = new RegExp(
  [
    String.raw`(?<punctuation>[{}[\],:])`,
    String.raw`(?<string>"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*")`,
    String.raw`(?<scalar>-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)`,
  ].join('|'),
  'y',
);

const EXPECTED = {
  value: 'a value',
  valueOrEnd: 'a value or "]"',
  name: 'a member name',
  nameOrEnd: 'a member name or "}"',
  colon: '":"',
  commaOrBrace: '"," or "}"',
  commaOrBracket: '"," or "]"',
  end: 'the end of the text',
} as const;

type State = keyof typeof EXPECTED;

interface Frame {
  readonly pointer: string;
  /** Names seen in an object; undefined in an array. */
  readonly names: Set<string> | undefined;
  /** Where the value that comes next stands. */
  member: string;
  items: number;
}

/**
 * Finds what `JSON.parse` does not tell: the place of a syntax error without a piece of the text in the message (it may
 * be a secret), and members given twice. It accepts what `JSON.parse` accepts. Iterative: no depth overflows the stack.
 */
export function scanJson(text: string): JsonScan {
  const duplicates: string[] = [];
  const frames: Frame[] = [];
  let state: State = 'value';
  for (let at = skipSpace(text, 0); ; at = skipSpace(text, TOKEN.lastIndex)) {
    if (at === text.length && state === 'end') return { syntaxError: undefined, duplicates };
    TOKEN.lastIndex = at;
    const groups = TOKEN.exec(text)?.groups;
    const next: State | undefined = groups && follow(state, groups, frames, duplicates);
    if (!next) return { syntaxError: { ...placeOf(text, at), expected: EXPECTED[state] }, duplicates };
    state = next;
  }
}

function skipSpace(text: string, from: number): number {
  SPACE.lastIndex = from;
  SPACE.test(text);
  return SPACE.lastIndex;
}

type Token = Readonly<Record<string, string | undefined>>;

/** The state after `token`, or undefined where it may not stand. */
function follow(state: State, token: Token, frames: Frame[], duplicates: string[]): State | undefined {
  const { punctuation, string } = token;
  switch (state) {
    case 'value':
    case 'valueOrEnd':
      if (punctuation === ']' && state === 'valueOrEnd') return close(frames);
      if (punctuation === '{' || punctuation === '[') return open(punctuation, frames);
      return punctuation === undefined ? afterValue(frames) : undefined;
    case 'name':
    case 'nameOrEnd':
      if (punctuation === '}' && state === 'nameOrEnd') return close(frames);
      return string === undefined ? undefined : enterMember(frames.at(-1)!, string, duplicates);
    case 'colon':
      return punctuation === ':' ? 'value' : undefined;
    case 'commaOrBrace':
      return punctuation === '}' ? close(frames) : punctuation === ',' ? 'name' : undefined;
    case 'commaOrBracket':
      if (punctuation === ']') return close(frames);
      if (punctuation !== ',') return undefined;
      enterItem(frames.at(-1)!);
      return 'value';
    case 'end':
      return undefined;
    default:
      return state satisfies never;
  }
}

function open(bracket: '{' | '[', frames: Frame[]): State {
  const pointer = frames.at(-1)?.member ?? '';
  if (bracket === '{') {
    frames.push({ pointer, names: new Set(), member: pointer, items: 0 });
    return 'nameOrEnd';
  }
  frames.push({ pointer, names: undefined, member: `${pointer}/0`, items: 0 });
  return 'valueOrEnd';
}

function close(frames: Frame[]): State {
  frames.pop();
  return afterValue(frames);
}

function afterValue(frames: readonly Frame[]): State {
  const frame = frames.at(-1);
  if (!frame) return 'end';
  return frame.names ? 'commaOrBrace' : 'commaOrBracket';
}

function enterMember(frame: Frame, string: string, duplicates: string[]): State {
  const name = JSON.parse(string) as string;
  frame.member = `${frame.pointer}/${escapePointer(name)}`;
  if (frame.names!.has(name)) duplicates.push(frame.member);
  frame.names!.add(name);
  return 'colon';
}

function enterItem(frame: Frame): void {
  frame.items += 1;
  frame.member = `${frame.pointer}/${frame.items}`;
}

/** A member name as a part of a JSON pointer (RFC 6901 §3), control characters escaped: a problem is one line. */
export function escapePointer(name: string): string {
  const escaped = name.replaceAll('~', '~0').replaceAll('/', '~1');
  return escaped.replaceAll(/\p{C}|\p{Zl}|\p{Zp}/gu, (character) => JSON.stringify(character).slice(1, -1));
}

function placeOf(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}
