import { texts } from '../texts/en';
import type { Filter } from './list-definition';

export const EXTERNAL_FILTER: Filter = { name: 'external', label: texts.fields.external, kind: 'external' };

export const CURRENCY_FILTER: Filter = { name: 'currency', label: texts.fields.currency, kind: 'code' };

export const TIME_FILTERS: readonly Filter[] = [
  { name: 'from', label: texts.lists.from, kind: 'time' },
  { name: 'to', label: texts.lists.to, kind: 'time' },
];

export function choice(
  name: string,
  label: string,
  options: readonly string[],
  words?: Filter['words'],
): Filter {
  return { name, label, options, words };
}

export function textFilter(name: string, label: string): Filter {
  return { name, label };
}
