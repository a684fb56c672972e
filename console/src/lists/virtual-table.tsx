import { Anchor, Table } from '@mantine/core';
import { useVirtualizer } from '@tanstack/react-virtual';
import { memo, type MouseEvent, type ReactNode, useEffect, useRef } from 'react';
import { Link, type To } from 'react-router';
import type { Column } from './list-definition';

const ROW_HEIGHT = 41;
const OVERSCAN = 12;
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

/** A table of which only the rows in view exist; the first cell of a row is the link to it. */
export function VirtualTable<Item extends { readonly id: string }>(props: Props<Item>): ReactNode {
  const { label, columns, items, hasMore, onEnd, hrefOf, onOpen } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtualizer = useVirtualizer({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: OVERSCAN,
  });
  const rows = virtualizer.getVirtualItems();
  const last = rows.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && last >= items.length - AHEAD) onEnd();
  }, [hasMore, last, items.length, onEnd]);
  const above = rows[0]?.start ?? 0;
  const below = virtualizer.getTotalSize() - (rows.at(-1)?.end ?? 0);
  return (
    <div ref={scroller} className="list-scroller" tabIndex={0} role="region" aria-label={label}>
      <Table
        stickyHeader
        highlightOnHover
        aria-rowcount={hasMore ? -1 : items.length + 1}
        aria-label={label}
        verticalSpacing={6}
      >
        <Table.Thead>
          <Table.Tr aria-rowindex={1}>
            {columns.map(({ id, label: name, align }) => (
              <Table.Th key={id} scope="col" className={align === 'right' ? 'money' : undefined}>
                {name}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Spacer height={above} columns={columns.length} />
          {rows.map(({ index, key }) => (
            <MemoRow
              key={key}
              index={index}
              item={items[index]!}
              columns={columns}
              hrefOf={hrefOf}
              onOpen={onOpen}
            />
          ))}
          <Spacer height={below} columns={columns.length} />
        </Table.Tbody>
      </Table>
    </div>
  );
}

type RowProps<Item> = Pick<Props<Item>, 'columns' | 'hrefOf' | 'onOpen'> & {
  readonly index: number;
  readonly item: Item;
};

function Row<Item>({ index, item, columns, hrefOf, onOpen }: RowProps<Item>): ReactNode {
  return (
    <Table.Tr aria-rowindex={index + 2} h={ROW_HEIGHT} onClick={(event) => isPlain(event) && onOpen(item)}>
      {columns.map(({ id, cell, align }, position) => (
        <Table.Td key={id} className={align === 'right' ? 'money foreign' : 'foreign'}>
          {position === 0 ? (
            <Anchor component={Link} to={hrefOf(item)} size="sm" underline="always">
              {cell(item)}
            </Anchor>
          ) : (
            cell(item)
          )}
        </Table.Td>
      ))}
    </Table.Tr>
  );
}

/** A frame of scrolling renders the rows that come into view, and no other. */
const MemoRow = memo(Row) as typeof Row;

/** Whether a click means the row: not its link, and not the end of a selection of text. */
function isPlain({ target }: MouseEvent): boolean {
  return !(target as Element).closest('a, button') && getSelection()?.isCollapsed !== false;
}

/** Stands in for the rows that are not in view. */
function Spacer({ height, columns }: { readonly height: number; readonly columns: number }): ReactNode {
  return height > 0 ? (
    <tr aria-hidden="true">
      <td colSpan={columns} style={{ height, padding: 0, border: 0 }} />
    </tr>
  ) : null;
}
