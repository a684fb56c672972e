import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mergeNewest, type RowSource, smallSource } from './merge-newest.js';

interface Row {
  readonly id: string;
}

const rowsOf = (ids: readonly number[]): Row[] =>
  [...new Set(ids)].toSorted((a, b) => b - a).map((id) => ({ id: String(id).padStart(6, '0') }));

/** A source as an index would be, for what lies behind `below`. */
const source =
  (rows: readonly Row[], below = '~'): RowSource<Row> =>
  (limit) =>
    Promise.resolve(rows.filter(({ id }) => id < below).slice(0, limit));

async function all(
  sources: readonly Row[][],
  limit: number,
  accepts?: (row: Row) => boolean,
): Promise<Row[]> {
  const found: Row[] = [];
  let below: string | undefined;
  for (;;) {
    const { rows, next } = await mergeNewest(
      sources.map((rows) => source(rows, below)),
      { limit, accepts },
    );
    expect(rows.length).toBeLessThanOrEqual(limit);
    found.push(...rows);
    if (next === undefined) return found;
    expect(below === undefined || next < below).toBe(true);
    below = next;
  }
}

describe('mergeNewest', () => {
  it('leads through any sources, whatever is left out, each row once and in order', async () => {
    // Disjoint, as parts of an index are.
    const parts = fc.array(fc.integer({ min: 0, max: 9_999 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(
        parts,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 5 }),
        async (ids, count, limit, keep) => {
          const rows = rowsOf(ids);
          const sources = Array.from({ length: count }, (_, n) =>
            rows.filter(({ id }) => Number(id) % count === n),
          );
          expect(await all(sources, limit)).toEqual(rows);
          const accepts = ({ id }: Row): boolean => Number(id) % keep === 0;
          expect(await all(sources, limit, accepts)).toEqual(rows.filter(accepts));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('looks at no more than 2,000 rows a page, and says where to go on', async () => {
    const rows = rowsOf(Array.from({ length: 12_000 }, (_, n) => n));
    const first = await mergeNewest([source(rows)], { limit: 10, accepts: ({ id }) => Number(id) < 6 });
    expect(first).toEqual({ rows: [], next: '010000' });
    const last = await mergeNewest([source(rows, '002000')], {
      limit: 10,
      accepts: ({ id }) => Number(id) < 6,
    });
    expect(last.rows).toHaveLength(6);
  });

  it('counts a row once that goes from one source to another meanwhile', async () => {
    const sources = [source(rowsOf([3, 2])), source(rowsOf([2, 1]))];
    expect(await mergeNewest(sources, { limit: 2 })).toEqual({ rows: rowsOf([3, 2]), next: '000002' });
    expect(await mergeNewest(sources, { limit: 3 })).toEqual({ rows: rowsOf([3, 2, 1]), next: undefined });
  });

  it('finds nothing in no sources', async () => {
    expect(await mergeNewest([], { limit: 10 })).toEqual({ rows: [], next: undefined });
  });
});

describe('smallSource', () => {
  it('puts in order what came in none', async () => {
    const set = await smallSource(() => Promise.resolve([{ id: '1' }, { id: '3' }, { id: '2' }]));
    expect(await set!(2)).toEqual([{ id: '3' }, { id: '2' }]);
  });

  it('gives up on what is not small', async () => {
    const rows = rowsOf(Array.from({ length: 1_001 }, (_, n) => n));
    expect(await smallSource((limit) => Promise.resolve(rows.slice(0, limit)))).toBeUndefined();
  });
});
