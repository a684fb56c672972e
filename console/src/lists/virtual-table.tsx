import { useMediaQuery } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type MouseEvent, type ReactNode, useEffect, useRef } from 'react';
import { Link, type To } from 'react-router';
import { classOf, layoutOf } from './column-width';
import type { Column } from './list-definition';

/** In pixels; that of `.list tr` in the style sheet. */
const ROW_HEIGHT = 41;
/** Rows beyond each edge: more than two notches of a wheel. */
const OVERSCAN = 8;
/** How many rows before the end the next page is requested. */
const AHEAD = 20;

interface Props<Item> {
  readonly label: string;
  readonly columns: readonly Column<Item>[];
  readonly items: readonly Item[];
  readonly hasMore: boolean;
  /** The end of the loaded rows is near. */
  readonly onEnd: () => void;
  /** The address of an item. */
  readonly hrefOf: (item: Item) => To;
  /** A row was clicked beside its link. */
  readonly onOpen: (item: Item) => void;
}

/**
 * A table of which only the rows in view exist; the first cell of a row is the link to it. Each row is placed by itself, and
 * its cells have the widths of their columns: rows that come into view neither move others nor change their widths.
 */
export function VirtualTable<Item extends { readonly id: string }>(props: Props<Item>): ReactNode {
  const { label, columns, items, hasMore, onEnd, hrefOf, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const isNarrow = useMediaQuery('(max-width: 48em)') ?? false;
  const { tracks, minWidth } = layoutOf(columns, isNarrow);
  const rows = virtualizer.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= items.length - AHEAD) onEnd();
  }, [hasMore, last, items.length, onEnd]);
  return (
    <div ref={scroller} className="list-scroller" tabIndex={0} role="region" aria-label={label}>
      {/* The styles place rows and cells, which takes the roles of a table from them in some browsers. */}
      <table
        className="list"
        role="table"
        aria-rowcount={hasMore ? -1 : items.length + 1}
        aria-label={label}
        style={{ minWidth }}
      >
        <thead role="rowgroup">
          <tr role="row" aria-rowindex={1} style={{ gridTemplateColumns: tracks }}>
            {columns.map((column) => (
              <th key={column.id} role="columnheader" scope="col" className={classOf(column)}>
                {column.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup" style={{ height: virtualizer.getTotalSize() }}>
          {rows.map(({ index, key }) => (
            <MemoRow
              key={key}
              index={index}
              item={items[index]!}
              columns={columns}
              tracks={tracks}
              hrefOf={hrefOf}
              onOpen={onOpen}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

type RowProps<Item> = Pick<Props<Item>, 'columns' | 'hrefOf' | 'onOpen'> & {
  readonly index: number;
  readonly item: Item;
  readonly tracks: string;
};

function Row<Item>({ index, item, columns, tracks, hrefOf, onOpen }: RowProps<Item>): ReactNode {
  return (
    <tr
      role="row"
      aria-rowindex={index + 2}
      style={{ gridTemplateColumns: tracks, top: index * ROW_HEIGHT }}
      onClick={(event) => isPlain(event) && onOpen(item)}
    >
      {columns.map((column, position) => (
        <td key={column.id} role="cell" className={classOf(column)}>
          {position === 0 ? <Link to={hrefOf(item)}>{column.cell(item)}</Link> : column.cell(item)}
        </td>
      ))}
    </tr>
  );
}

/** A frame of scrolling renders the rows that come into view, and no other. */
const MemoRow = memo(Row) as typeof Row;

/** Whether a click means the row: not its link, and not the end of a selection of text. */
function isPlain({ target }: MouseEvent): boolean {
  return !(target as Element).closest('a, button') && getSelection()?.isCollapsed !== false;
}
