import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/queries';

/** What the credentials of this tab allow. */
export interface Allowed {
  /** Check and replay. */
  readonly act: boolean;
  /** Resolve, refund, cancel. */
  readonly settle: boolean;
}

/** Whether the gateway has said that they allow reading only. */
export function useReadsOnly(): boolean {
  const { data } = useQuery(meQuery);
  return data?.scopes.every((scope) => scope !== 'admin-act' && scope !== 'admin-settle') ?? false;
}

export function useAllowed(): Allowed {
  const { data } = useQuery(meQuery);
  return {
    act: data?.scopes.includes('admin-act') ?? false,
    settle: data?.scopes.includes('admin-settle') ?? false,
  };
}
