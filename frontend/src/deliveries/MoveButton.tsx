import { Button, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors } from "../api/queries";
import { plural } from "../shared/format";
import { ConnectorChoice } from "../connectors/ConnectorChoice";
import { movedText, movesOf } from "./moves";

/** Let waiting deliveries go over another connector: those of which surely nothing has reached the ERP. */
export function MoveButton({ exports, onDone }: { exports: Schemas["Export"][]; onDone: () => void }) {
  const [opened, { open, close }] = useDisclosure();
  const sources = new Set(exports.map(({ connection_id }) => connection_id));
  const targets = (useConnectors().data ?? []).filter(
    ({ id, status }) => status === "ACTIVE" && !(sources.size === 1 && sources.has(id)),
  );
  const move = useAction((target: string | undefined) => moveAll(exports, target ?? ""), {
    onDone: ({ moved, stayed }) => {
      notifications.show({
        message: movedText(moved, stayed),
        color: stayed ? "yellow" : "teal",
      });
      close();
      onDone();
    },
  });
  return (
    <>
      <Button size="xs" variant="default" loading={move.isPending} onClick={open}>
        Move to another connector
      </Button>
      <Modal opened={opened} onClose={close} title="Move deliveries">
        {targets.length === 0 ? (
          <Text size="sm">There is no other connector that is ACTIVE.</Text>
        ) : (
          <ConnectorChoice
            connectors={targets}
            label={`Move ${plural(exports.length, "delivery", "deliveries")}`}
            pending={move.isPending}
            onChoose={move.run}
          />
        )}
      </Modal>
    </>
  );
}

async function moveAll(exports: Schemas["Export"][], target: string): Promise<{ moved: number; stayed: number }> {
  const total = { moved: 0, stayed: 0 };
  for (const body of movesOf(exports, target)) {
    const { moved, not_moved } = await answer(api.POST("/api/v1/exports/move", { body }));
    total.moved += moved;
    total.stayed += not_moved.length;
  }
  return total;
}
