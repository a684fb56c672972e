import type { ExternalRecord } from '../../api/records';
import { texts } from '../../texts/en';

type Configuration = Pick<ExternalRecord, 'callbackAuth' | 'operations' | 'callbackStatus' | 'baseUrl'>;

/** What is allowed in the configuration of an external, and risky. */
export function warningsOf({
  callbackAuth,
  operations,
  callbackStatus,
  baseUrl,
}: Configuration): readonly string[] {
  const { warning } = texts.external;
  return [
    ...(callbackAuth === 'none' ? [warning.callbackAuth] : []),
    ...(!operations.includes('status') && callbackStatus !== 'trusted' ? [warning.status] : []),
    ...(operations.includes('refund') && !operations.includes('refund/status') ? [warning.refundStatus] : []),
    ...(baseUrl.startsWith('http:') ? [warning.http] : []),
  ];
}
