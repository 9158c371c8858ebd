import { Alert, Button, Group, List, Menu, Modal, Paper, Text } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, type OrderQuery } from "../api/queries";
import { confirm } from "../shared/confirm";
import { plural } from "../shared/format";

type Action = Schemas["BulkBody"]["action"];
type Answer = Schemas["BulkAnswer"];

const STARTS_FROM: Record<Action, Schemas["OrderStatus"]> = { approve: "READY", push: "APPROVED", retry: "ERROR" };
const LABELS: Record<Action, string> = { approve: "Approve", push: "Push", retry: "Retry" };
const ACTIONS = Object.keys(LABELS) as Action[];

interface Props {
  selected: Schemas["OrderSummary"][];
  wanted: OrderQuery;
  onDone: () => void;
}

/** One action on the orders that are selected, or on all that the filters find. */
export function BulkActions({ selected, wanted, onDone }: Props) {
  const [result, setResult] = useState<Answer>();
  const act = useAction((body: Schemas["BulkBody"]) => answer(api.POST("/api/v1/draft-orders/bulk", { body })), {
    done: ({ succeeded, more }) =>
      `Done for ${plural(succeeded, "order")}${more ? "; there are more, do it again for the next 1,000" : ""}`,
    onDone: (outcome) => {
      onDone();
      if (outcome.succeeded < outcome.results.length) setResult(outcome);
    },
  });
  const onSelected = (action: Action) => {
    const ids = selected.filter(({ status }) => status === STARTS_FROM[action]).map(({ id }) => id);
    return { action, ids, count: ids.length };
  };
  const { q, since, until, connection_id, error_code, unreadable_answer } = wanted;
  const narrowed = { q, since, until, connection_id, error_code, unreadable_answer };
  const filterOf = (action: Action) => ({ status: [STARTS_FROM[action]], ...narrowed });
  const onAll = useAction(async (action: Action) => ({ action, found: await countOf(filterOf(action)) }), {
    onDone: ({ action, found }) => {
      const what = `These are the orders in the state ${STARTS_FROM[action]} that your filters find, up to 1,000, the oldest first.`;
      const label = `${LABELS[action]} ${found}`;
      confirm(`${label}?`, what, label, () => act.run({ action, filter: filterOf(action) }), { color: "indigo" });
    },
  });
  return (
    <>
      <Paper withBorder p="xs" mb="sm" radius="md">
        <Group gap="xs" mih={30}>
          <Text size="sm" c="dimmed" mr="auto">
            {selected.length
              ? `${plural(selected.length, "order")} selected`
              : "Select orders to act on several at once"}
          </Text>
          {ACTIONS.map(onSelected)
            .filter(({ count }) => count > 0)
            .map(({ action, ids, count }) => (
              <Button key={action} size="xs" loading={act.isPending} onClick={() => act.run({ action, ids })}>
                {LABELS[action]} {count}
              </Button>
            ))}
          <Menu position="bottom-end">
            <Menu.Target>
              <Button
                size="xs"
                variant="default"
                loading={act.isPending || onAll.isPending}
                rightSection={<IconChevronDown size={14} />}
              >
                All found
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {ACTIONS.map((action) => (
                <Menu.Item key={action} onClick={() => onAll.run(action)}>
                  {LABELS[action]} all {STARTS_FROM[action]}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Paper>
      <Modal
        opened={result !== undefined}
        onClose={() => setResult(undefined)}
        title="Not all went well"
        centered
        size="lg"
      >
        {result && <Refused result={result} />}
      </Modal>
    </>
  );
}

const MOST_COUNTED = 200;

/** How many orders a filter finds, in words; of very many, that they are more. */
async function countOf(query: OrderQuery): Promise<string> {
  const page = await answer(api.GET("/api/v1/draft-orders", { params: { query: { ...query, limit: MOST_COUNTED } } }));
  return page.next_cursor ? `more than ${MOST_COUNTED} orders` : plural(page.items.length, "order");
}

function Refused({ result }: { result: Answer }) {
  const refused = result.results.filter(({ ok }) => !ok);
  return (
    <Alert color="yellow" title={`${plural(result.succeeded, "order")} done, ${refused.length} not`}>
      <List size="sm">
        {refused.slice(0, 50).map(({ id, error }) => (
          <List.Item key={id}>
            <code>{id.slice(0, 8)}</code> {error?.message} {error?.hint}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
