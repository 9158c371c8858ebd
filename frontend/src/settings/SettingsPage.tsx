import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Tabs } from "@mantine/core";
import { useSearchParams } from "react-router";
import { useMay } from "../api/queries";
import { PageTitle } from "../shared/PageTitle";
import { ApiKeys } from "./ApiKeys";
import { OrganizationSettings } from "./Organization";
import { OwnAccount } from "./OwnAccount";
import { Users } from "./Users";
import { Webhooks } from "./Webhooks";

export default function SettingsPage() {
  const may = useMay();
  const [params] = useSearchParams();
  return (
    <>
      <PageTitle>{t`Settings`}</PageTitle>
      <Tabs
        defaultValue={params.get("tab") ?? "organization"}
        keepMounted={false}
        styles={{ tab: { paddingInline: "var(--mantine-spacing-xs)" } }}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="organization">
            <Trans>Organization</Trans>
          </Tabs.Tab>
          {may("USERS_MANAGE") && (
            <Tabs.Tab value="users">
              <Trans>Users</Trans>
            </Tabs.Tab>
          )}
          {may("KEYS_MANAGE") && (
            <Tabs.Tab value="keys">
              <Trans>API keys</Trans>
            </Tabs.Tab>
          )}
          {may("WEBHOOKS_MANAGE") && (
            <Tabs.Tab value="webhooks">
              <Trans>Webhooks</Trans>
            </Tabs.Tab>
          )}
          <Tabs.Tab value="account">
            <Trans>Your account</Trans>
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="organization">
          <OrganizationSettings />
        </Tabs.Panel>
        <Tabs.Panel value="users">
          <Users />
        </Tabs.Panel>
        <Tabs.Panel value="keys">
          <ApiKeys />
        </Tabs.Panel>
        <Tabs.Panel value="webhooks">
          <Webhooks />
        </Tabs.Panel>
        <Tabs.Panel value="account">
          <OwnAccount />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}
