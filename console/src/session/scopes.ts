import { useQuery } from '@tanstack/react-query';
import { meQuery } from '../api/queries';

/** What the credentials of this tab allow. */
export interface Allowed {
  /** Check and replay. */
  readonly act: boolean;
  /** Resolve, refund, cancel. */
  readonly settle: boolean;
}

export function useAllowed(): Allowed {
  const { data } = useQuery(meQuery);
  return {
    act: data?.scopes.includes('admin-act') ?? false,
    settle: data?.scopes.includes('admin-settle') ?? false,
  };
}
