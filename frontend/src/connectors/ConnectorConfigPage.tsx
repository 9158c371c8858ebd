import { ActionIcon, Anchor, Badge, Button, Card, Group, Menu, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconPlugConnected, IconPlus, IconTrash } from "@tabler/icons-react";
import { useState } from "react";
import { Link, useNavigate } from "react-router";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors, useConnectorTypes, useMay } from "../api/queries";
import { Answered } from "../shared/Answered";
import { PageTitle } from "../shared/PageTitle";
import { confirm } from "../shared/confirm";
import { ConnectorEditor } from "./ConnectorEditor";
import { Empty } from "../shared/Empty";
import { ProblemAlert } from "../shared/ErrorAlert";
import { count, plural } from "../shared/format";
import { HealthBadge } from "./HealthBadge";
import { Moment } from "../shared/Moment";
import { StatusBadge } from "../shared/StatusBadge";
import { TestResult } from "./TestResult";

type Connector = Schemas["Connector"];
type Editing = { type: Schemas["ConnectorType"]; connector?: Connector };

export default function ConnectorConfigPage() {
  const connectors = useConnectors();
  const types = useConnectorTypes();
  const may = useMay();
  const [editing, setEditing] = useState<Editing>();
  const edit = (connector: Connector) => {
    const type = types.data?.find(({ type }) => type === connector.connector_type);
    if (type) setEditing({ type, connector });
  };
  const taken = (type: string) =>
    connectors.data?.some(({ connector_type, status }) => connector_type === type && status === "ACTIVE") ?? false;
  const addMenu = may("CONNECTORS_EDIT") && (
    <AddMenu types={types.data ?? []} onChoose={(type) => setEditing({ type })} />
  );
  return (
    <>
      <PageTitle actions={addMenu} about="How your ERPs are reached">
        Connectors
      </PageTitle>
      <Answered query={connectors}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={IconPlugConnected} title="No ERP is connected yet">
              Add a connector to say where orders go.
            </Empty>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              {all.map((connector) => (
                <ConnectorCard key={connector.id} connector={connector} onEdit={() => edit(connector)} />
              ))}
            </SimpleGrid>
          )
        }
      </Answered>
      {editing && (
        <ConnectorEditor {...editing} taken={taken(editing.type.type)} onClose={() => setEditing(undefined)} />
      )}
    </>
  );
}

function AddMenu({
  types,
  onChoose,
}: {
  types: Schemas["ConnectorType"][];
  onChoose: (type: Schemas["ConnectorType"]) => void;
}) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<IconPlus size={16} />}>Add connector</Button>
      </Menu.Target>
      <Menu.Dropdown>
        {types.map((type) => (
          <Menu.Item key={type.type} onClick={() => onChoose(type)}>
            <Text size="sm" fw={600}>
              {type.display_name}
            </Text>
            <Text size="xs" c="dimmed">
              {type.type}
            </Text>
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

function ConnectorCard({ connector, onEdit }: { connector: Connector; onEdit: () => void }) {
  const { health } = connector;
  const may = useMay();
  const path = { connector_id: connector.id };
  const test = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/test", { params: { path } })), {
    quiet: true,
  });
  const trust = useAction(
    (body: Schemas["HostKey"]) =>
      answer(api.POST("/api/v1/connectors/{connector_id}/accept-host-key", { params: { path }, body })),
    { done: "The key is accepted", onDone: () => test.run(undefined) },
  );
  const accept = may("CONNECTORS_EDIT")
    ? (host_key: string, fingerprint: string) => trust.run({ host_key, fingerprint })
    : undefined;
  return (
    <Card component="section" aria-label={connector.name ?? connector.display_name}>
      <Stack gap="sm">
        <Group justify="space-between" align="flex-start" gap="xs">
          <div>
            <Group gap="xs">
              <Title order={2} size="h4">
                {connector.name ?? connector.display_name}
              </Title>
              {connector.is_default && (
                <Badge size="sm" variant="default" radius="sm">
                  default
                </Badge>
              )}
            </Group>
            <Text size="sm" c="dimmed">
              {connector.display_name}
            </Text>
          </div>
          <Group gap="xs" wrap="nowrap">
            <StatusBadge status={connector.status} label={connector.status === "ACTIVE" ? "Active" : "Disabled"} />
            {connector.status === "ACTIVE" && <HealthBadge state={health.state} />}
          </Group>
        </Group>
        <Facts connector={connector} />
        {health.error && !test.error && (
          <ProblemAlert problem={health.error} color={health.state === "OPEN" ? "yellow" : "red"} />
        )}
        {health.poll_error && <ProblemAlert problem={health.poll_error} title="The ERP's answers cannot be read" />}
        <TestResult pending={test.isPending} passed={test.data} error={test.error} onAccept={accept} />
        <Group gap={6}>
          {may("CONNECTORS_TEST") && (
            <Button size="xs" px="sm" variant="light" loading={test.isPending} onClick={() => test.run(undefined)}>
              Test connection
            </Button>
          )}
          {may("CONNECTORS_EDIT") && <EditActions connector={connector} onEdit={onEdit} />}
        </Group>
      </Stack>
    </Card>
  );
}

function waitingFor(id: string): string {
  return `/deliveries?view=waiting&connection_id=${id}`;
}

function Facts({ connector: { id, config, health, last_test_at } }: { connector: Connector }) {
  const target = config && [config.host ?? config.url, config.export_path].filter(Boolean).join(" · ");
  return (
    <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs" verticalSpacing={4}>
      {target && (
        <Fact label="Target">
          <span className="mono">{String(target)}</span>
        </Fact>
      )}
      <Fact label="Last test passed">{last_test_at ? <Moment at={last_test_at} /> : "not yet"}</Fact>
      <Fact label="Waiting">
        {health.waiting ? (
          <Anchor component={Link} to={waitingFor(id)}>
            {plural(health.waiting, "delivery", "deliveries")}
          </Anchor>
        ) : (
          0
        )}
        {health.oldest_waiting_at && (
          <>
            , oldest <Moment at={health.oldest_waiting_at} />
          </>
        )}
      </Fact>
      <Fact label="Unanswered">
        {count(health.unanswered)}
        {health.oldest_unanswered_at && (
          <>
            , oldest <Moment at={health.oldest_unanswered_at} />
          </>
        )}
      </Fact>
    </SimpleGrid>
  );
}

function Fact({ label, children }: { label: string; children: React.ReactNode }) {
  return (
    <Text size="sm" component="div">
      <Text span c="dimmed" size="sm">
        {label}:{" "}
      </Text>
      {children}
    </Text>
  );
}

function EditActions({ connector, onEdit }: { connector: Connector; onEdit: () => void }) {
  const params = { path: { connector_id: connector.id } };
  const name = connector.name ?? connector.display_name;
  const navigate = useNavigate();
  const waiting = connector.health.waiting;
  const wait = waiting
    ? `${plural(waiting, "delivery", "deliveries")} will wait until it is enabled again or they are moved.`
    : "Nothing waits for it now.";
  const enable = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/enable", { params })), {
    done: `${name} delivers`,
  });
  const disable = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/disable", { params })), {
    done: `${name} is disabled`,
  });
  const prefer = useAction(() => answer(api.POST("/api/v1/connectors/{connector_id}/default", { params })), {
    done: `${name} is the default`,
  });
  const remove = useAction(() => answer(api.DELETE("/api/v1/connectors/{connector_id}", { params })), {
    done: `${name} is deleted`,
  });
  const askDisable = () =>
    confirm(`Disable ${name}?`, `${wait} The ERP's answers are still read.`, "Disable", () => disable.run(undefined));
  const askRemove = () =>
    waiting
      ? confirm(
          `${name} is still needed`,
          `${plural(waiting, "delivery waits", "deliveries wait")} for it. Move or withdraw them, then it can be deleted.`,
          "Show them",
          () => navigate(waitingFor(connector.id)),
          { color: "indigo" },
        )
      : confirm(`Delete ${name}?`, REMOVAL, "Delete", () => remove.run(undefined));
  return (
    <>
      <Button size="xs" px="sm" variant="default" onClick={onEdit}>
        Edit
      </Button>
      {connector.status === "ACTIVE" ? (
        <Button size="xs" px="sm" variant="default" loading={disable.isPending} onClick={askDisable}>
          Disable
        </Button>
      ) : (
        <Button size="xs" px="sm" variant="default" loading={enable.isPending} onClick={() => enable.run(undefined)}>
          Enable
        </Button>
      )}
      {connector.status === "ACTIVE" && !connector.is_default && (
        <Button size="xs" px="sm" variant="default" loading={prefer.isPending} onClick={() => prefer.run(undefined)}>
          Make default
        </Button>
      )}
      <ActionIcon
        size={30}
        ml="auto"
        variant="subtle"
        color="red"
        loading={remove.isPending}
        onClick={askRemove}
        aria-label="Delete"
      >
        <IconTrash size={16} />
      </ActionIcon>
    </>
  );
}

const REMOVAL =
  "Nothing waits for it. Its configuration and secrets are gone for good, and answers that the ERP still owes are not read any more. Past deliveries stay on record.";
