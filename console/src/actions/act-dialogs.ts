/* One part of the build, which `dialogs.ts` loads. */

export { CancelDialog } from './cancel-dialog';
export { CheckDialog } from './check-dialog';
export { RefundDialog } from './refund-dialog';
export { ReplayDialog } from './replay-dialog';
export { ResolveDialog } from './resolve-dialog';
