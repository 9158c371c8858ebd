import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Button, Group, Table, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useMay } from "../api/queries";
import { useBulkJob } from "../jobs/useBulkJob";

import { ListTable } from "../shared/ListTable";
import { waitingWord } from "../shared/states";

type Waits = Schemas["Waiting"];

/** What waits for what; what waits for a route can be routed anew at once. */
export function Waiting({ waits }: { waits: Waits[] }) {
  const acts = useMay()("ORDERS_PUSH");
  const reroute = useBulkJob();
  const all = () => reroute.run({ action: "reroute", filter: { waits_for_route: true } });
  return (
    <ListTable
      title={t`What orders wait for`}
      head={
        <>
          <Table.Th>
            <Trans>Reason</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Orders</Trans>
          </Table.Th>
        </>
      }
    >
      {waits.map((each) => (
        <Table.Tr key={`${each.waits_for} ${each.connection_id}`}>
          <Table.Td>
            <Group gap="xs" justify="space-between">
              <div>
                <Text size="sm">{waitingWord(each.waits_for)}</Text>
                <Text size="xs" c="dimmed">
                  {each.connection_name}
                </Text>
              </div>
              {acts && each.connection_id === null && (
                <Button
                  size="xs"
                  variant="default"
                  loading={reroute.isPending}
                  onClick={all}
                  aria-label={t`Re-route: ${waitingWord(each.waits_for)}`}
                >
                  <Trans>Re-route</Trans>
                </Button>
              )}
            </Group>
          </Table.Td>
          <Table.Td ta="right">
            <Anchor component={Link} to={behind(each)} className="numeric whole" fw={600}>
              {plural(each.orders, { one: "# order", other: "# orders" })}
            </Anchor>
          </Table.Td>
        </Table.Tr>
      ))}
    </ListTable>
  );
}

function behind({ waits_for, connection_id }: Waits): string {
  return `/orders?waits_for=${waits_for}${connection_id ? `&connection_id=${connection_id}` : ""}`;
}
