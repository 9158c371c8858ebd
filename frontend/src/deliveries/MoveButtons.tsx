import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Modal, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import type { Schemas } from "../api/client";
import { useConnectors } from "../api/queries";
import { ConnectorChoice } from "../connectors/ConnectorChoice";
import { useBulkJob } from "../jobs/useBulkJob";

/** Let waiting deliveries go over another connector, or where the rules say now: those of which nothing was sent. */
export function MoveButtons({ exports, onDone }: { exports: Schemas["Export"][]; onDone: () => void }) {
  const [opened, { open, close }] = useDisclosure();
  const ids = exports.map(({ draft_order_id }) => draft_order_id);
  const sources = new Set(exports.map(({ connection_id }) => connection_id));
  const targets = (useConnectors().data ?? []).filter(
    ({ id, status }) => status === "ACTIVE" && !(sources.size === 1 && sources.has(id)),
  );
  const act = useBulkJob(() => {
    close();
    onDone();
  });
  return (
    <>
      <Button size="xs" variant="default" loading={act.isPending} onClick={open}>
        <Trans>Move to another connector</Trans>
      </Button>
      <Button size="xs" variant="default" loading={act.isPending} onClick={() => act.run({ action: "reroute", ids })}>
        <Trans>Re-route</Trans>
      </Button>
      <Modal opened={opened} onClose={close} title={t`Move deliveries`}>
        {targets.length === 0 ? (
          <Text size="sm">
            <Trans>There is no other connector that is ACTIVE.</Trans>
          </Text>
        ) : (
          <ConnectorChoice
            connectors={targets}
            label={t`Move ${plural(exports.length, { one: "# delivery", other: "# deliveries" })}`}
            pending={act.isPending}
            onChoose={(connection_id) => act.run({ action: "move", ids, connection_id })}
          />
        )}
      </Modal>
    </>
  );
}
