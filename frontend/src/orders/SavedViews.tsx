import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Button, Group, Menu, Modal, Stack, Switch, TextInput } from "@mantine/core";
import { IconBookmark, IconTrash } from "@tabler/icons-react";
import { useState, type SyntheticEvent } from "react";
import { useNavigate } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useMay, useSavedViews } from "../api/queries";
import { confirm } from "../shared/confirm";

/** Lists under a name: what is shown now can be kept, for oneself or for all. */
export function SavedViews({ query }: { query: string }) {
  const navigate = useNavigate();
  const views = useSavedViews().data?.items ?? [];
  const [naming, setNaming] = useState(false);
  const save = useAction((body: Schemas["NewView"]) => answer(api.POST("/api/v1/saved-views", { body })), {
    done: t`The view is kept`,
  });
  const current = views.find((view) => view.query === query);
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <Button variant="default" leftSection={<IconBookmark size={16} />}>
            {current?.name ?? t`Views`}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {views.map((view) => (
            <Menu.Item key={view.id} onClick={() => void navigate(`/orders?${view.query}`)}>
              {view.name}
              {!view.own && ` (${view.owner})`}
            </Menu.Item>
          ))}
          {views.length > 0 && <Menu.Divider />}
          <Menu.Item onClick={() => void navigate("/orders")}>
            <Trans>All orders</Trans>
          </Menu.Item>
          <Menu.Item onClick={() => setNaming(true)}>
            <Trans>Keep this view…</Trans>
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {current && <DeleteView view={current} />}
      {naming && (
        <NameDialog
          onGiven={(name, shared) => {
            setNaming(false);
            save.run({ page: "orders", name, query, shared });
          }}
          onClose={() => setNaming(false)}
        />
      )}
    </>
  );
}

function DeleteView({ view }: { view: Schemas["SavedView"] }) {
  const may = useMay();
  const path = { view_id: view.id };
  const forget = useAction(() => answer(api.DELETE("/api/v1/saved-views/{view_id}", { params: { path } })), {
    done: t`The view is deleted`,
  });
  if (!view.own && !may("USERS_MANAGE")) return null;
  const what = view.shared ? t`Nobody sees it any more. No order is changed.` : t`No order is changed.`;
  return (
    <ActionIcon
      variant="default"
      size={36}
      aria-label={t`Delete the view ${view.name}`}
      onClick={() => confirm(t`Delete the view ${view.name}?`, what, t`Delete`, () => forget.run(undefined))}
    >
      <IconTrash size={16} />
    </ActionIcon>
  );
}

function NameDialog({ onGiven, onClose }: { onGiven: (name: string, shared: boolean) => void; onClose: () => void }) {
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onGiven(name, shared);
  };
  return (
    <Modal opened onClose={onClose} title={t`Keep this view`}>
      <Stack component="form" onSubmit={submit}>
        <TextInput
          label={t`Name`}
          description={t`One of yours of the same name becomes this one.`}
          required
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          data-autofocus
        />
        <Switch
          label={t`Everybody of the organization sees it`}
          checked={shared}
          onChange={(event) => setShared(event.currentTarget.checked)}
        />
        <Group justify="flex-end">
          <Button type="submit">
            <Trans>Keep</Trans>
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
