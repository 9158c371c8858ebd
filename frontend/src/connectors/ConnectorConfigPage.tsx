import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, SimpleGrid } from "@mantine/core";
import { IconPlugConnected, IconPlus } from "@tabler/icons-react";
import { useEffect, useState } from "react";
import { useLocation } from "react-router";
import type { Schemas } from "../api/client";
import { useConnectors, useConnectorTypes, useMay } from "../api/queries";
import { Answered } from "../shared/Answered";
import { Empty } from "../shared/Empty";
import { ErrorAlert } from "../shared/ErrorAlert";
import { PageTitle } from "../shared/PageTitle";
import { ConnectorCard } from "./ConnectorCard";
import { Compare } from "./Compare";
import { BLANK, ConnectorEditor } from "./ConnectorEditor";
import { connectorName } from "./connectorName";
import { HoursEditor } from "./hours/HoursEditor";
import { AddConnector, type Begun } from "./setup/AddConnector";
import { duplicateOf, type Settings } from "./stored";

type Connector = Schemas["Connector"];

interface Editing {
  type: string;
  connector?: Connector;
  begun?: { settings: Settings; read?: Begun["read"] };
}

export default function ConnectorConfigPage() {
  const connectors = useConnectors();
  const types = useConnectorTypes();
  const may = useMay();
  const [timing, setTiming] = useState<Connector>();
  const [editing, setEditing] = useState<Editing>();
  const [adding, setAdding] = useState(false);
  const [comparing, setComparing] = useState<Connector>();
  // What was clicked before the types were here opens as soon as they are.
  const type = types.data?.find(({ type }) => type === editing?.type);
  const taken = (connectors.data ?? []).some(
    (each) => each.connector_type === type?.type && each.status === "ACTIVE" && !each.name,
  );
  const add = may("CONNECTORS_EDIT") && (
    <Button leftSection={<IconPlus size={16} />} disabled={!types.data?.length} onClick={() => setAdding(true)}>
      <Trans>Add connector</Trans>
    </Button>
  );
  const begin = ({ type, config, read }: Begun) => {
    setAdding(false);
    setEditing({ type, begun: config && { settings: { ...BLANK, config }, read } });
  };
  const duplicate = (connector: Connector) =>
    setEditing({
      type: connector.connector_type,
      begun: { settings: duplicateOf(connector, connectorName(connector)) },
    });
  useShown(connectors.isSuccess);
  const compared = types.data?.find(({ type }) => type === comparing?.connector_type);
  return (
    <>
      <PageTitle actions={add} about={t`How your ERPs are reached`}>{t`Connectors`}</PageTitle>
      {types.error && <ErrorAlert error={types.error} />}
      <Answered query={connectors}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={IconPlugConnected} title={t`No ERP is connected yet`}>
              <Trans>Add a connector to say where orders go.</Trans>
            </Empty>
          ) : (
            <SimpleGrid cols={{ base: 1, lg: 2 }} style={{ alignItems: "start" }}>
              {all.map((connector) => (
                <ConnectorCard
                  key={connector.id}
                  connector={connector}
                  installed={!types.data || types.data.some(({ type }) => type === connector.connector_type)}
                  onEdit={() => setEditing({ type: connector.connector_type, connector })}
                  onHours={() => setTiming(connector)}
                  onDuplicate={() => duplicate(connector)}
                  onCompare={all.length > 1 ? () => setComparing(connector) : undefined}
                />
              ))}
            </SimpleGrid>
          )
        }
      </Answered>
      {timing && <HoursEditor connector={timing} onClose={() => setTiming(undefined)} />}
      {adding && types.data && <AddConnector types={types.data} onChoose={begin} onClose={() => setAdding(false)} />}
      {comparing && compared && (
        <Compare
          connector={comparing}
          others={(connectors.data ?? []).filter(({ id }) => id !== comparing.id)}
          type={compared}
          onClose={() => setComparing(undefined)}
        />
      )}
      {editing && type && (
        <ConnectorEditor
          type={type}
          connector={editing.connector}
          begun={editing.begun}
          taken={taken}
          onClose={() => setEditing(undefined)}
        />
      )}
    </>
  );
}

/** Brings the connector that the address names into view, once it is there. */
function useShown(there: boolean) {
  const { hash } = useLocation();
  useEffect(() => {
    if (there && hash) document.getElementById(hash.slice(1))?.scrollIntoView();
  }, [there, hash]);
}
