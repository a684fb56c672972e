import { texts } from '../texts/en';
import type { Filter } from './list-definition';

export const EXTERNAL_FILTER: Filter = { name: 'external', label: texts.fields.external, kind: 'external' };

export const TIME_FILTERS: readonly Filter[] = [
  { name: 'from', label: texts.lists.from, kind: 'time' },
  { name: 'to', label: texts.lists.to, kind: 'time' },
];

export function choice(name: string, label: string, options: readonly string[]): Filter {
  return { name, label, options };
}

export function textFilter(name: string, label: string): Filter {
  return { name, label };
}
