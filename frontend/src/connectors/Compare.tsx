import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Modal, Select, Stack, Table, Text } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { differences } from "../shared/versions/differences";
import { connectorName } from "./connectorName";
import { formSchema, inEffect } from "./form/schema";
import { settingLabel, settingText } from "./settingWords";
import { settingsOf } from "./stored";

type Connector = Schemas["Connector"];

interface Props {
  connector: Connector;
  others: Connector[];
  type: Schemas["ConnectorType"];
  onClose: () => void;
}

/** Two connections beside each other: what they set otherwise. */
export function Compare({ connector, others, type, onClose }: Props) {
  const sameKind = (each: Connector) => each.connector_type === connector.connector_type;
  const [chosen, setChosen] = useState(() => (others.find(sameKind) ?? others[0])?.id ?? null);
  const other = others.find(({ id }) => id === chosen);
  return (
    <Modal opened onClose={onClose} title={t`Compare ${connectorName(connector)}`} size="xl">
      <Stack>
        <Select
          label={t`With`}
          data={others.map((each) => ({ value: each.id, label: `${connectorName(each)} · ${each.display_name}` }))}
          value={chosen}
          allowDeselect={false}
          onChange={setChosen}
        />
        {other && <Differences one={connector} other={other} type={type} />}
      </Stack>
    </Modal>
  );
}

function Differences({ one, other, type }: { one: Connector; other: Connector; type: Schemas["ConnectorType"] }) {
  const schema = formSchema(type.config_schema);
  const text = settingText(schema);
  const settings = (of: Connector) => ({ ...settingsOf(of), config: inEffect(schema, of.config ?? {}) });
  const found = differences({}, settings(one), settings(other));
  if (found.length === 0)
    return (
      <Text size="sm" role="status">
        <Trans>Both are set up alike. Secrets are not compared: nobody may read them.</Trans>
      </Text>
    );
  return (
    <>
      <Table verticalSpacing={4}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>
              <Trans>Setting</Trans>
            </Table.Th>
            <Table.Th>{connectorName(one)}</Table.Th>
            <Table.Th>{connectorName(other)}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {found.map(({ path, theirs, yours }) => (
            <Table.Tr key={path.join(".")}>
              <Table.Td>{settingLabel(schema, path)}</Table.Td>
              <Table.Td className="mono">{text(theirs, path)}</Table.Td>
              <Table.Td className="mono">{text(yours, path)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed">
        <Trans>Secrets are not compared: nobody may read them.</Trans>
      </Text>
    </>
  );
}
