import { formatTime } from '../../format/time';
import type { AttentionItem, AttentionKind } from '../../api/records';
import type { Allowed } from '../../session/scopes';
import { texts } from '../../texts/en';

const { actions, today } = texts;

/** The routes that an advice names, the buttons that send them, and what each needs. */
const BUTTONS: readonly (readonly [route: RegExp, label: string, needs: keyof Allowed])[] = [
  [/POST \/admin\/payments\/\{id\}\/check/g, actions.check.label, 'act'],
  [
    /POST \/admin\/(?:payments|refunds|subscriptions|operations)\/\{id\}\/resolve/g,
    actions.resolve.label,
    'settle',
  ],
  [/POST \/(?:admin\/payments\/\{id\}|v3\/\{external\})\/refund/g, actions.refund.label, 'settle'],
  [/POST \/admin\/notifications\/\{id\}\/replay/g, actions.replay.label, 'act'],
];

/** Kinds whose detail is what came of the last call to the external. */
const SAID_BY_EXTERNAL: ReadonlySet<AttentionKind> = new Set([
  'operation-unknown',
  'callback-unconfirmed',
  'circuit-open',
  'credentials-refused',
]);

/** What the detail of an item is. */
export function detailLabel(kind: AttentionKind): string {
  return SAID_BY_EXTERNAL.has(kind) ? today.lastAnswer : today.why;
}

/**
 * The last query, which an advice begins with and the card shows by itself. To the last of the words that follow it: what
 * the external said may have the same words, and is no advice.
 */
const LAST_QUERY =
  /^The external (?:answered|could not be queried) [^]*(?=The schedule of queries is used up|The gateway queries it again at)/;

/** Both ways in which an open circuit goes on; the card has the one that holds. */
const UNTIL_NEXT_TRY = /The gateway refuses operations until nextTryAt[^.]*\./;

const INSTANT = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/**
 * The advice of the API, which names routes, in the words of this page, which has buttons. A button that the scopes do
 * not allow is not on the page: the text says so.
 */
export function readableAdvice(
  { advice, kind, nextTryAt }: Pick<AttentionItem, 'advice' | 'kind' | 'nextTryAt'>,
  allowed: Allowed,
): string {
  const plain = advice
    .replace(LAST_QUERY, '')
    // The names of fields of the API, by what stands for them on the card.
    .replaceAll(/\bdetail (?=names|says)/g, `“${detailLabel(kind)}” `)
    .replace(UNTIL_NEXT_TRY, nextTryAt === undefined ? today.nextTests : today.refusesUntil(nextTryAt))
    .replaceAll(INSTANT, (instant) => formatTime(instant));
  return BUTTONS.reduce(
    (text, [route, label, needs]) =>
      text.replaceAll(route, allowed[needs] ? `“${label}”` : `“${label}” (${today.needsScope[needs]})`),
    plain,
  );
}
