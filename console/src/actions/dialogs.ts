import { lazy } from 'react';
import type * as ActDialogs from './act-dialogs';

/* The dialogs of acts: loaded after the page that opens them, since the first view needs none. */

export const loadDialogs = (): Promise<typeof ActDialogs> => import('./act-dialogs');

export const CancelDialog = lazy(async () => ({ default: (await loadDialogs()).CancelDialog }));
export const CheckDialog = lazy(async () => ({ default: (await loadDialogs()).CheckDialog }));
export const RefundDialog = lazy(async () => ({ default: (await loadDialogs()).RefundDialog }));
export const ReplayDialog = lazy(async () => ({ default: (await loadDialogs()).ReplayDialog }));
export const ResolveDialog = lazy(async () => ({ default: (await loadDialogs()).ResolveDialog }));
