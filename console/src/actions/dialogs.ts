import {
  type Attributes,
  type ComponentProps,
  type ComponentType,
  createElement,
  lazy,
  type ReactNode,
  useState,
} from 'react';
import type * as ActDialogs from './act-dialogs';

/* The dialogs of acts: loaded after the page that opens them, since the first view needs none. */

type Dialogs = typeof ActDialogs;

let loaded: Dialogs | undefined;

export async function loadDialogs(): Promise<Dialogs> {
  loaded ??= await import('./act-dialogs');
  return loaded;
}

/**
 * A dialog that opens at once where it is loaded already. React shows a lazy component, also a loaded one, only after
 * everything else that it has to do.
 */
function dialogOf<Name extends keyof Dialogs>(name: Name): ComponentType<ComponentProps<Dialogs[Name]>> {
  type Props = ComponentProps<Dialogs[Name]>;
  const Lazy = lazy(async () => ({ default: (await loadDialogs())[name] as ComponentType<Props> }));
  return function ActDialog(props: Props): ReactNode {
    // The same one for as long as it is open: what was typed stays.
    const [Shown] = useState(() => (loaded?.[name] ?? Lazy) as ComponentType<Props>);
    return createElement(Shown, props as Props & Attributes);
  };
}

export const CancelDialog = dialogOf('CancelDialog');
export const CheckDialog = dialogOf('CheckDialog');
export const RefundDialog = dialogOf('RefundDialog');
export const ReplayDialog = dialogOf('ReplayDialog');
export const ResolveDialog = dialogOf('ResolveDialog');
