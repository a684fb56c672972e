import { maskCardNumbers, maskCardNumbersIn } from '../sensitive/card-number.js';

/** What an external writes for people or for itself, in any of its answers. */
interface ForeignTexts {
  resultDescription?: string;
  metadata?: unknown;
  action?: unknown;
}

/**
 * Masks card numbers in the texts of an answer before it is stored or passed on (SPEC §8). Ids and URLs stay as they are:
 * they must lead back to where they came from.
 */
export function maskAnswerTexts<Answer extends object>(answer: Answer): Answer {
  const texts = answer as ForeignTexts;
  if (texts.resultDescription !== undefined)
    texts.resultDescription = maskCardNumbers(texts.resultDescription);
  if (texts.metadata !== undefined) texts.metadata = maskCardNumbersIn(texts.metadata);
  if (texts.action !== undefined) texts.action = maskCardNumbersIn(texts.action);
  return answer;
}
