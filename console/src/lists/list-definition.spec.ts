import { describe, expect, it } from '@jest/globals';
import { columnsIn, filtersIn, withColumn, withParameter } from './list-definition';
import { uniqueItems } from './unique-items';

const FILTERS = [
  { name: 'state', label: 'State' },
  { name: 'external', label: 'External' },
];
const COLUMNS = [
  { id: 'a', label: 'A', cell: () => null },
  { id: 'b', label: 'B', cell: () => null, hidden: true },
];
const idsIn = (address: string): readonly string[] =>
  columnsIn(new URLSearchParams(address), COLUMNS).map(({ id }) => id);

describe('a list', () => {
  it('takes its filters from the address, and nothing else', () => {
    const address = new URLSearchParams('state=DEAD&external=&columns=a&other=1');
    expect(filtersIn(address, FILTERS)).toEqual({ state: 'DEAD' });
  });

  it('writes its filters into the address', () => {
    expect(withParameter(new URLSearchParams('state=DEAD'), 'external', 'acme').toString()).toBe(
      'state=DEAD&external=acme',
    );
    expect(withParameter(new URLSearchParams('state=DEAD'), 'state', '').toString()).toBe('');
  });

  it('shows the columns that are chosen, and always one', () => {
    expect([idsIn(''), idsIn('columns=b'), idsIn('columns=x')]).toEqual([['a'], ['b'], ['a']]);
    const both = withColumn(new URLSearchParams(), COLUMNS, 'b');
    expect(columnsIn(both, COLUMNS).map(({ id }) => id)).toEqual(['a', 'b']);
    const last = withColumn(new URLSearchParams(), COLUMNS, 'a');
    expect(columnsIn(last, COLUMNS).map(({ id }) => id)).toEqual(['a']);
  });

  it('has an item once that changed between two pages', () => {
    const pages = [
      { items: [{ id: '3' }, { id: '2' }], nextCursor: 'x' },
      { items: [{ id: '2' }, { id: '1' }], nextCursor: null },
    ];
    expect(uniqueItems(pages).map(({ id }) => id)).toEqual(['3', '2', '1']);
  });
});
