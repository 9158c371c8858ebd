import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconCopy, IconDots, IconGitCompare, IconTrash } from "@tabler/icons-react";
import { useNavigate } from "react-router";
import { answer, api, type ApiError, type Schemas } from "../api/client";
import { tell, useAction } from "../api/queries";
import { confirm } from "../shared/confirm";

import { ifMatch } from "../shared/versions/useSaving";
import { connectorName } from "./connectorName";

type Connector = Schemas["Connector"];

export function waitingFor(id: string): string {
  return `/deliveries?view=waiting&connection_id=${id}`;
}

interface Props {
  connector: Connector;
  onEdit?: () => void;
  onHours: () => void;
  onDuplicate?: () => void;
  onCompare?: () => void;
}

export function ConnectorActions({ connector, onEdit, onHours, onDuplicate, onCompare }: Props) {
  const active = connector.status === "ACTIVE";
  return (
    <>
      {onEdit && (
        <Button size="xs" px="sm" variant="default" onClick={onEdit}>
          <Trans>Edit</Trans>
        </Button>
      )}
      <Button size="xs" px="sm" variant="default" onClick={onHours}>
        <Trans>Opening hours</Trans>
      </Button>
      {active ? <DisableButton connector={connector} /> : <EnableButton connector={connector} />}
      {active && !connector.is_default && <DefaultButton connector={connector} />}
      {(onDuplicate ?? onCompare) && (
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon size={30} variant="default" aria-label={t`More for ${connectorName(connector)}`}>
              <IconDots size={16} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            {onDuplicate && (
              <Menu.Item leftSection={<IconCopy size={16} />} onClick={onDuplicate}>
                <Trans>Duplicate</Trans>
              </Menu.Item>
            )}
            {onCompare && (
              <Menu.Item leftSection={<IconGitCompare size={16} />} onClick={onCompare}>
                <Trans>Compare</Trans>
              </Menu.Item>
            )}
          </Menu.Dropdown>
        </Menu>
      )}
      <DeleteButton connector={connector} />
    </>
  );
}

function useChange(connector: Connector) {
  const params = { path: { connector_id: connector.id } };
  return {
    name: connectorName(connector),
    options: { params, headers: ifMatch(connector.version) },
  };
}

const UNPROVED = new Set(["UNTESTED", "TEST_FAILED"]);

/** What nothing has proved is tested first; if that fails, it delivers only if a person says so. */
function EnableButton({ connector }: { connector: Connector }) {
  const { name, options } = useChange(connector);
  const enable = useAction(
    (untested: boolean) =>
      answer(api.POST("/api/v1/connectors/{connector_id}/enable", { ...options, body: { untested } })),
    {
      done: t`${name} delivers`,
      quiet: true,
      onError: (error) => (UNPROVED.has(error.reason) ? ask(error) : tell(error)),
    },
  );
  const ask = (error: ApiError) =>
    confirm(t`Enable ${name} all the same?`, `${error.message} ${error.hint ?? ""}`, t`Enable untested`, () =>
      enable.run(true),
    );
  return (
    <Button size="xs" px="sm" variant="default" loading={enable.isPending} onClick={() => enable.run(false)}>
      <Trans>Enable</Trans>
    </Button>
  );
}

const STILL_READ = t`The ERP's answers are still read.`;

function DisableButton({ connector }: { connector: Connector }) {
  const { name, options } = useChange(connector);
  const { waiting } = connector.health;
  const wait = waiting
    ? plural(waiting, {
        one: "# delivery will wait until it is enabled again or moved.",
        other: "# deliveries will wait until it is enabled again or they are moved.",
      })
    : t`Nothing waits for it now.`;
  const disable = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/disable", options)), {
    done: t`${name} is disabled`,
  });
  const ask = () => confirm(t`Disable ${name}?`, `${wait} ${STILL_READ}`, t`Disable`, () => disable.run(undefined));
  return (
    <Button size="xs" px="sm" variant="default" loading={disable.isPending} onClick={ask}>
      <Trans>Disable</Trans>
    </Button>
  );
}

function DefaultButton({ connector }: { connector: Connector }) {
  const { name, options } = useChange(connector);
  const prefer = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/default", options)), {
    done: t`${name} is the default`,
  });
  return (
    <Button size="xs" px="sm" variant="default" loading={prefer.isPending} onClick={() => prefer.run(undefined)}>
      <Trans>Make default</Trans>
    </Button>
  );
}

function DeleteButton({ connector }: { connector: Connector }) {
  const { name, options } = useChange(connector);
  const { waiting } = connector.health;
  const navigate = useNavigate();
  const remove = useAction(() => answer(api.DELETE("/api/v1/connectors/{connector_id}", options)), {
    done: t`${name} is deleted`,
  });
  const ask = () =>
    waiting
      ? confirm(
          t`${name} is still needed`,
          plural(waiting, {
            one: "# delivery waits for it. Move or withdraw it, then this can be deleted.",
            other: "# deliveries wait for it. Move or withdraw them, then this can be deleted.",
          }),
          t`Show them`,
          () => navigate(waitingFor(connector.id)),
          { color: "indigo" },
        )
      : confirm(t`Delete ${name}?`, REMOVAL, t`Delete`, () => remove.run(undefined));
  return (
    <ActionIcon
      size={30}
      ml="auto"
      variant="subtle"
      color="red"
      loading={remove.isPending}
      onClick={ask}
      aria-label={t`Delete ${name}`}
    >
      <IconTrash size={16} />
    </ActionIcon>
  );
}

const REMOVAL = t`Nothing waits for it. Its configuration and secrets are gone for good, and answers that the ERP still owes are not read any more. Past deliveries stay on record.`;
