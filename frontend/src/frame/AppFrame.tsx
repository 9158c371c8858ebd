import { t } from "@lingui/core/macro";
import { i18n } from "@lingui/core";
import { Trans } from "@lingui/react/macro";
import {
  ActionIcon,
  Alert,
  AppShell,
  Badge,
  Box,
  Burger,
  Button,
  Group,
  Menu,
  NavLink,
  Text,
  Tooltip,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import {
  IconCheck,
  IconCertificate,
  IconChartBar,
  IconFileText,
  IconHelp,
  IconHistory,
  IconLayoutDashboard,
  IconLogout,
  IconMoon,
  IconPlugConnected,
  IconPlugConnectedX,
  IconRoute,
  IconSettings,
  IconStack2,
  IconSun,
  IconTruckDelivery,
  IconUserCircle,
} from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link, useLocation } from "react-router";
import { useAction, useMay, useMe, useNeeds, useOrganization, type Permission } from "../api/queries";
import { BASE } from "../api/base";
import { isUnreachable } from "../api/client";
import { useReachable } from "../api/reachable";
import { signOut } from "../api/signIn";
import { choose, LANGUAGES, nameOf } from "../language/language";
import { ErrorAlert } from "../shared/ErrorAlert";
import { Keys } from "../shared/keys/Keys";
import { Moment } from "../shared/Moment";

interface Place {
  to: string;
  label: string;
  icon: typeof IconFileText;
  needs?: Permission;
}

const PLACES: Place[] = [
  { to: "/", label: t`Overview`, icon: IconLayoutDashboard },
  { to: "/orders", label: t`Orders`, icon: IconFileText },
  { to: "/deliveries", label: t`Deliveries`, icon: IconTruckDelivery },
  { to: "/jobs", label: t`Bulk jobs`, icon: IconStack2 },
  { to: "/connectors", label: t`Connectors`, icon: IconPlugConnected },
  { to: "/certificates", label: t`Certificates`, icon: IconCertificate },
  { to: "/routes", label: t`Routes`, icon: IconRoute },
  { to: "/analytics", label: t`Analytics`, icon: IconChartBar },
  { to: "/activity", label: t`Activity`, icon: IconHistory, needs: "AUDIT_READ" },
  { to: "/settings", label: t`Settings`, icon: IconSettings },
];

export function AppFrame({ children }: { children: ReactNode }) {
  const [opened, { toggle, close }] = useDisclosure();
  const me = useMe();
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 220, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "sm", sm: "lg" }}
    >
      <Keys />
      <a href="#main" className="skip">
        <Trans>Skip to the content</Trans>
      </a>
      <AppShell.Header px="md">
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label={opened ? t`Close menu` : t`Open menu`}
            />
            <img src={`${BASE}/favicon.svg`} alt="" width={26} height={26} />
            <Text fw={700} visibleFrom="xs">
              <Trans>OrderFlow Connect</Trans>
            </Text>
            <Text c="dimmed" size="sm" truncate maw={{ base: 140, sm: 320 }}>
              {me.data?.org_name}
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <HelpLink />
            <SchemeSwitch />
            <AccountMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" component="nav" aria-label={t`Pages`}>
        <Places onGo={close} />
      </AppShell.Navbar>
      <AppShell.Main id="main" tabIndex={-1}>
        <Box maw={1280} mx="auto">
          <UnreachableAlert />
          <PausedAlert />
          {me.error && !isUnreachable(me.error) ? <ErrorAlert error={me.error} /> : children}
        </Box>
      </AppShell.Main>
    </AppShell>
  );
}

function Places({ onGo }: { onGo: () => void }) {
  const { pathname } = useLocation();
  const may = useMay();
  const open = useNeeds().data?.open;
  return PLACES.filter(({ needs }) => !needs || may(needs)).map(({ to, label, icon: Icon }) => {
    const here = to === "/" ? pathname === "/" : pathname.startsWith(to);
    return (
      <NavLink
        key={to}
        component={Link}
        to={to}
        label={label}
        leftSection={<Icon size={18} stroke={1.7} />}
        rightSection={to === "/" && open ? <NeedsBadge open={open} /> : undefined}
        active={here}
        aria-current={here ? "page" : undefined}
        onClick={onGo}
        style={{ borderRadius: "var(--mantine-radius-md)" }}
        mb={2}
      />
    );
  });
}

function NeedsBadge({ open }: { open: number }) {
  return (
    <Badge size="sm" color="red.9" circle={open < 10} aria-label={open === 1 ? t`1 needs you` : t`${open} need you`}>
      {open}
    </Badge>
  );
}

/** The docs, which the server has where they were built. */
function HelpLink() {
  return (
    <Tooltip label={t`Docs`}>
      <ActionIcon
        component="a"
        href={`${BASE}/docs/`}
        target="_blank"
        rel="noopener"
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={t`Docs`}
      >
        <IconHelp size={18} />
      </ActionIcon>
    </Tooltip>
  );
}

function SchemeSwitch() {
  const { setColorScheme } = useMantineColorScheme();
  const dark = useComputedColorScheme("light") === "dark";
  const label = dark ? t`Light colours` : t`Dark colours`;
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(dark ? "light" : "dark")}
      >
        {dark ? <IconSun size={18} /> : <IconMoon size={18} />}
      </ActionIcon>
    </Tooltip>
  );
}

function AccountMenu() {
  const client = useQueryClient();
  const { data: me, isPending } = useMe();
  const leave = useAction(signOut, { onDone: () => client.clear() });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="subtle"
          color="gray"
          leftSection={<IconUserCircle size={18} />}
          disabled={isPending}
          aria-label={t`Account: ${me?.email ?? ""}, ${me?.role ?? ""}`}
        >
          <Text size="sm" visibleFrom="sm">
            {me?.email}
          </Text>
          <Text size="sm" hiddenFrom="sm">
            {me?.role}
          </Text>
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          {me?.email} · {me?.role}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Label>
          <Trans>Language</Trans>
        </Menu.Label>
        {LANGUAGES.map((language) => (
          <Menu.Item
            key={language}
            lang={language}
            aria-current={language === i18n.locale}
            rightSection={language === i18n.locale ? <IconCheck size={16} /> : undefined}
            onClick={() => choose(language)}
          >
            {nameOf(language)}
          </Menu.Item>
        ))}
        <Menu.Divider />
        <Menu.Item leftSection={<IconLogout size={16} />} onClick={() => leave.run(undefined)}>
          <Trans>Sign out</Trans>
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function UnreachableAlert() {
  if (useReachable()) return null;
  return (
    <Alert
      color="red"
      mb="md"
      title={t`OrderFlow does not answer`}
      icon={<IconPlugConnectedX size={18} />}
      role="alert"
    >
      <Trans>
        What you see may be out of date. Check your network connection; the page goes on by itself as soon as OrderFlow
        is back, and what you have typed stays.
      </Trans>
    </Alert>
  );
}

function PausedAlert() {
  const { data } = useOrganization();
  if (!data?.deliveries_paused) return null;
  return (
    <Alert color="yellow" mb="md" title={t`All deliveries are paused`} icon={<IconHistory size={18} />}>
      <Trans>
        Orders can still be pushed; they wait
        {data.deliveries_paused_until ? (
          <>
            <Trans>
              {" "}
              until <Moment at={data.deliveries_paused_until} absolute />
            </Trans>
          </>
        ) : (
          t` until somebody resumes them`
        )}
        .
      </Trans>
    </Alert>
  );
}
