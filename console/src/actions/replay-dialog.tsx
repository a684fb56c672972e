import type { ReactNode } from 'react';
import { withAdmin } from '../api/admin';
import { problemText } from '../api/problem-text';
import { texts } from '../texts/en';
import { ActionDialog } from './action-dialog';

/** What is sent again: some notifications, or all dead ones of a receiver. */
export type ReplaySelection =
  | { readonly kind: 'some'; readonly ids: readonly string[] }
  | { readonly kind: 'all'; readonly receiver: string; readonly count: string };

/** Sends notifications again; the dialog says how many before. */
export function ReplayDialog({
  selection,
  onClose,
}: {
  readonly selection: ReplaySelection;
  readonly onClose: () => void;
}): ReactNode {
  const { replay } = texts.actions;
  const single = selection.kind === 'some' && selection.ids.length === 1;
  const count = selection.kind === 'all' ? selection.count : String(selection.ids.length);
  return (
    <ActionDialog
      title={single ? replay.title : replay.titleMany(count)}
      onClose={onClose}
      consequences={replay.consequences}
      confirm={replay.confirm}
      execute={() => send(selection)}
    />
  );
}

async function send(selection: ReplaySelection): Promise<string> {
  const { replay } = texts.actions;
  if (selection.kind === 'all') {
    const { receiver } = selection;
    const { replayed, skipped } = await withAdmin((admin) =>
      admin.post('/admin/notifications/replay', { body: { state: 'DEAD', receiver } }),
    );
    return replay.many(replayed, skipped);
  }
  const { ids } = selection;
  const failures: unknown[] = [];
  for (const id of ids) {
    try {
      await withAdmin((admin) => admin.post('/admin/notifications/{id}/replay', { path: { id } }));
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length === ids.length) throw failures[0];
  const sent = ids.length === 1 ? replay.done : replay.many(ids.length - failures.length, 0);
  return failures.length === 0
    ? sent
    : `${sent} ${replay.failed(failures.length, problemText(failures[0]).summary)}`;
}
