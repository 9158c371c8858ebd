import { Anchor, Button, Group, Table, Text } from "@mantine/core";
import { Link } from "react-router";
import type { Schemas } from "../api/client";
import { useMay } from "../api/queries";
import { useBulkJob } from "../jobs/useBulkJob";
import { plural } from "../shared/format";
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
      title="What orders wait for"
      head={
        <>
          <Table.Th>Reason</Table.Th>
          <Table.Th ta="right">Orders</Table.Th>
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
                  aria-label={`Re-route: ${waitingWord(each.waits_for)}`}
                >
                  Re-route
                </Button>
              )}
            </Group>
          </Table.Td>
          <Table.Td ta="right">
            <Anchor component={Link} to={behind(each)} className="numeric whole" fw={600}>
              {plural(each.orders, "order")}
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
