import {
  AppShell,
  Burger,
  Button,
  Divider,
  Group,
  Loader,
  NativeSelect,
  NavLink,
  Text,
  UnstyledButton,
  useMantineColorScheme,
} from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { Link, Outlet, useLocation, useNavigation } from 'react-router';
import { ActionHost } from '../actions/action-host';
import { attentionQuery, meQuery } from '../api/queries';
import { session } from '../session/session';
import { texts } from '../texts/en';
import { preloadDialogs, preloadPages } from './lazy-pages';

const PAGES = [
  ['/', texts.navigation.today],
  ['/find', texts.navigation.find],
  ['/payments', texts.navigation.payments],
  ['/refunds', texts.navigation.refunds],
  ['/subscriptions', texts.navigation.subscriptions],
  ['/deliveries', texts.navigation.deliveries],
  ['/notifications', texts.navigation.notifications],
  ['/callbacks', texts.navigation.callbacks],
  ['/operations', texts.navigation.operations],
  ['/externals', texts.navigation.externals],
  ['/audit', texts.navigation.audit],
] as const;

/** The frame of every page: navigation, who is signed in, appearance. */
export function Shell(): ReactNode {
  const [opened, { toggle, close }] = useDisclosure(false);
  const { pathname } = useLocation();
  const navigation = useNavigation();
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  const { isFetched } = useQuery(attentionQuery);
  useEffect(() => void preloadDialogs(), []);
  useEffect(() => {
    if (isFetched) void preloadPages();
  }, [isFetched]);
  // A new page begins at its top, for readers of screens too.
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    // The box of Find has the focus already.
    if (main.current?.contains(document.activeElement) !== true) main.current?.focus();
    window.scrollTo(0, 0);
  }, [pathname]);
  return (
    <AppShell
      header={{ height: 52 }}
      navbar={{ width: 216, breakpoint: 'md', collapsed: { mobile: !opened } }}
      padding="md"
    >
      <a className="skip-link" href="#content" onClick={(event) => skipTo(event, main.current)}>
        {texts.skipToContent}
      </a>
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="md"
              size="sm"
              aria-label={texts.navigation.open}
              aria-expanded={opened}
            />
            <UnstyledButton component={Link} to="/">
              <Text fw={700}>{texts.product}</Text>
            </UnstyledButton>
            {navigation.state === 'loading' && <Loader size="xs" aria-label={texts.states.loading} />}
          </Group>
          <Group gap="xs" wrap="nowrap" visibleFrom="sm">
            <Operator />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label={texts.navigation.label}>
        <AppShell.Section grow className="scrolling">
          {PAGES.map(([path, label]) => (
            <PageLink key={path} path={path} label={label} onClick={close} />
          ))}
        </AppShell.Section>
        <AppShell.Section hiddenFrom="sm" pt="xs">
          <Divider mb="xs" />
          <Operator />
        </AppShell.Section>
      </AppShell.Navbar>
      <AppShell.Main ref={main} id="content" tabIndex={-1}>
        <ActionHost>
          <Outlet />
        </ActionHost>
      </AppShell.Main>
    </AppShell>
  );
}

function skipTo(event: React.MouseEvent, target: HTMLElement | null): void {
  // The fragment of the address is the page.
  event.preventDefault();
  target?.focus();
}

function PageLink({
  path,
  label,
  onClick,
}: {
  readonly path: string;
  readonly label: string;
  readonly onClick: () => void;
}): ReactNode {
  const { pathname } = useLocation();
  const { data } = useQuery({ ...attentionQuery, enabled: path === '/' });
  const count = path === '/' ? (data?.items.length ?? 0) : 0;
  const active = path === '/' ? pathname === '/' : pathname.startsWith(path);
  return (
    <NavLink
      component={Link}
      to={path}
      label={label}
      active={active}
      aria-current={active ? 'page' : undefined}
      onClick={onClick}
      variant="light"
      rightSection={
        count > 0 ? (
          <Text size="sm" fw={700} className="tabular">
            {count}
          </Text>
        ) : undefined
      }
    />
  );
}

function Operator(): ReactNode {
  const { data } = useQuery(meQuery);
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Group gap="xs">
      {data && (
        <Text size="sm" c="dimmed" className="foreign" maw={240} truncate title={data.scopes.join(', ')}>
          {texts.session.signedInAs(data.name)}
        </Text>
      )}
      <NativeSelect
        size="xs"
        aria-label={texts.appearance.label}
        value={colorScheme}
        onChange={({ currentTarget: { value } }) => setColorScheme(value as 'light' | 'dark' | 'auto')}
        data={[
          { value: 'auto', label: texts.appearance.auto },
          { value: 'light', label: texts.appearance.light },
          { value: 'dark', label: texts.appearance.dark },
        ]}
      />
      <Button size="xs" variant="default" onClick={() => session.signOut()}>
        {texts.session.signOut}
      </Button>
    </Group>
  );
}
