import { texts } from '../../texts/en';

const { actions } = texts;

/** The routes that an advice names, and the buttons that send them. */
const BUTTONS: readonly (readonly [RegExp, string])[] = [
  [/POST \/admin\/payments\/\{id\}\/check/g, actions.check.label],
  [/POST \/admin\/(?:payments|refunds|subscriptions|operations)\/\{id\}\/resolve/g, actions.resolve.label],
  [/POST \/(?:admin\/payments\/\{id\}|v3\/\{external\})\/refund/g, actions.refund.label],
  [/POST \/admin\/notifications\/\{id\}\/replay/g, actions.replay.label],
];

/** The advice of the API, which names routes, in the words of this page, which has buttons. */
export function readableAdvice(advice: string): string {
  return BUTTONS.reduce((text, [route, label]) => text.replaceAll(route, `“${label}”`), advice);
}
