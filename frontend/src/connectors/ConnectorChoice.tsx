import { t } from "@lingui/core/macro";
import { Button, Select, Stack } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { choiceName } from "./connectorName";

interface ChoiceProps {
  connectors: Schemas["Connector"][];
  label: string;
  pending: boolean;
  onChoose: (id: string | undefined) => void;
}

export function ConnectorChoice({ connectors, label, pending, onChoose }: ChoiceProps) {
  const only = connectors.length === 1 ? connectors[0] : undefined;
  const preferred = connectors.find(({ is_default }) => is_default) ?? only;
  const [chosen, setChosen] = useState<string | null>(preferred?.id ?? null);
  const data = connectors.map((each) => ({ value: each.id, label: choiceName(each) }));
  return (
    <Stack>
      <Select
        label={t`Connector`}
        placeholder={t`Which one?`}
        data={data}
        value={chosen}
        onChange={setChosen}
        allowDeselect={false}
      />
      <Button loading={pending} disabled={!chosen} onClick={() => onChoose(chosen ?? undefined)}>
        {label}
      </Button>
    </Stack>
  );
}
