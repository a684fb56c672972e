import { Field } from '../../rules/field.js';
import { externalName } from '../../rules/network-rules.js';
import { oneOf } from '../../rules/rule.js';
import { listOf, quantity, trueOrFalse } from '../../rules/rules.js';
import { instant } from '../../rules/time-rules.js';
import { reason } from '../resolutions/resolution-requests.js';

/** Whether the orders of an external can be recovered. */
export class RecoveringExternal {
  @Field(externalName, { example: 'acme' })
  external: string;

  @Field(trueOrFalse, {
    description:
      'True: it is queried about each order that the ledger does not know. False: such orders are refused with `recovering`.',
    example: true,
  })
  queriedByOrder: boolean;
}

/** GET `/admin/recovery`. */
export class RecoveryStatus {
  @Field(trueOrFalse, {
    description: 'False: the ledger was never restored, or the recovery has ended.',
    example: true,
  })
  recovering: boolean;

  @Field(oneOf(['variable', 'backup', 'file']), {
    optional: true,
    description:
      '`variable`: `RECOVERED_FROM` declares the restore; `backup`: the ledger is a copy that `tollgate backup` made; `file`: it is older than the file beside it says.',
    example: 'variable',
  })
  declaredBy?: 'variable' | 'backup' | 'file' | undefined;

  @Field(instant, {
    optional: true,
    description: 'The time of the restored state, where it is known.',
    example: '2026-01-31T02:00:00.000Z',
  })
  restoredFrom?: string | undefined;

  @Field(instant, { optional: true, example: '2026-01-31T12:00:00.000Z' })
  startedAt?: string | undefined;

  @Field(instant, {
    optional: true,
    description:
      'From then on an order that neither ledger nor external knows is executed. Until then a request from before the restore may still reach the external.',
    example: '2026-01-31T12:00:10.000Z',
  })
  executesAfter?: string | undefined;

  @Field(instant, { optional: true, description: 'When an operator ended the recovery.' })
  endedAt?: string | undefined;

  @Field(quantity, {
    optional: true,
    description: 'Payments that were added to the ledger since the start because an external has them.',
    example: 187,
  })
  adopted?: number;

  @Field(quantity, {
    optional: true,
    description: 'Operations that were begun since the start.',
    example: 12,
  })
  begun?: number;

  @Field(quantity, {
    optional: true,
    description: 'Payments from before the start that reconciliation is still to query.',
    example: 3,
  })
  open?: number;

  @Field(listOf(() => RecoveringExternal))
  externals: RecoveringExternal[];
}

/** POST `/admin/recovery/end`. */
export class RecoveryEndRequest {
  @Field(reason, {
    description:
      'How it became known that the ledger is complete. Kept for ever, with the name of the credentials.',
    example: 'compared with acme’s settlement file of 31 January, ticket 4711',
  })
  reason: string;
}
