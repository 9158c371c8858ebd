import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Menu, SimpleGrid, Text } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useConnectors, useConnectorTypes, useMay } from "../api/queries";
import { Answered } from "../shared/Answered";
import { Empty } from "../shared/Empty";
import { ErrorAlert } from "../shared/ErrorAlert";
import { PageTitle } from "../shared/PageTitle";
import { ConnectorCard } from "./ConnectorCard";
import { ConnectorEditor } from "./ConnectorEditor";
import { HoursEditor } from "./hours/HoursEditor";

type Connector = Schemas["Connector"];

type Type = Schemas["ConnectorType"];

export default function ConnectorConfigPage() {
  const connectors = useConnectors();
  const types = useConnectorTypes();
  const may = useMay();
  const [timing, setTiming] = useState<Connector>();
  const [editing, setEditing] = useState<{ type: string; connector?: Connector }>();
  // What was clicked before the types were here opens as soon as they are.
  const type = types.data?.find(({ type }) => type === editing?.type);
  const taken = (connectors.data ?? []).some(
    (each) => each.connector_type === type?.type && each.status === "ACTIVE" && !each.name,
  );
  const addMenu = may("CONNECTORS_EDIT") && (
    <AddMenu types={types.data ?? []} onChoose={({ type }) => setEditing({ type })} />
  );
  return (
    <>
      <PageTitle actions={addMenu} about={t`How your ERPs are reached`}>{t`Connectors`}</PageTitle>
      {types.error && <ErrorAlert error={types.error} />}
      <Answered query={connectors}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={IconPlugConnected} title={t`No ERP is connected yet`}>
              <Trans>Add a connector to say where orders go.</Trans>
            </Empty>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }}>
              {all.map((connector) => (
                <ConnectorCard
                  key={connector.id}
                  connector={connector}
                  installed={!types.data || types.data.some(({ type }) => type === connector.connector_type)}
                  onEdit={() => setEditing({ type: connector.connector_type, connector })}
                  onHours={() => setTiming(connector)}
                />
              ))}
            </SimpleGrid>
          )
        }
      </Answered>
      {timing && <HoursEditor connector={timing} onClose={() => setTiming(undefined)} />}
      {editing && type && (
        <ConnectorEditor
          type={type}
          connector={editing.connector}
          taken={taken}
          onClose={() => setEditing(undefined)}
        />
      )}
    </>
  );
}

function AddMenu({ types, onChoose }: { types: Type[]; onChoose: (type: Type) => void }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button leftSection={<IconPlus size={16} />} disabled={types.length === 0}>
          <Trans>Add connector</Trans>
        </Button>
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
