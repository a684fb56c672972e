import type { OperationDescription } from '../../http/openapi/operation-description.js';
import { exampleOf } from '../../rules/field.js';
import { RecoveringExternal, RecoveryEndRequest, RecoveryStatus } from './recovery-record.js';

const RECOVERING = exampleOf(RecoveryStatus, {
  endedAt: undefined,
  externals: [exampleOf(RecoveringExternal)],
});

export const GET_RECOVERY: OperationDescription = {
  id: 'getRecovery',
  tag: 'Admin',
  summary: 'Retrieve the recovery of a restored ledger',
  description:
    'Whether the ledger was restored to an older state and is recovering: until an operator ends the recovery, nothing is executed that an external may have executed already. An order that the ledger does not know is queried at the external, and refused with `recovering` where the external cannot tell.',
  answer: {
    type: RecoveryStatus,
    examples: {
      recovering: { summary: 'The ledger is recovering', value: RECOVERING },
      never: {
        summary: 'The ledger was never restored',
        value: { recovering: false, externals: [exampleOf(RecoveringExternal)] },
      },
    },
  },
};

export const END_RECOVERY: OperationDescription = {
  id: 'endRecovery',
  tag: 'Admin',
  summary: 'End the recovery of a restored ledger',
  description:
    'From then on operations are executed as ever, at all replicas: what the externals have executed since the restored state and the ledger does not know can be executed again. Compare the ledger with the externals’ settlement files first. `RECOVERED_FROM` may stay set: the same time does not begin the recovery again.',
  destructive: true,
  request: {
    type: RecoveryEndRequest,
    examples: { compared: { summary: 'The ledger is complete', value: exampleOf(RecoveryEndRequest) } },
  },
  answer: {
    type: RecoveryStatus,
    examples: {
      ended: {
        summary: 'The recovery has ended',
        value: {
          ...RECOVERING,
          recovering: false,
          endedAt: '2026-01-31T15:00:00.000Z',
          adopted: undefined,
          begun: undefined,
          open: undefined,
        },
      },
    },
  },
  problems: ['conflict'],
};
