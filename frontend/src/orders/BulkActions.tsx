import { Alert, Button, Group, List, Menu, Modal, Paper, Text } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors, type OrderQuery } from "../api/queries";
import { confirm } from "../shared/confirm";
import { plural } from "../shared/format";
import { PushDialog } from "./PushDialog";

type Action = Schemas["BulkBody"]["action"];
type Answer = Schemas["BulkAnswer"];
type Body = Schemas["BulkBody"];

const LABELS: Record<Action, string> = { approve: "Approve", push: "Push", retry: "Retry" };
/** Which of the orders that the filters find an action is about; the API knows. */
const ALL: Record<Action, string> = {
  approve: "Approve all that are READY",
  push: "Push all that are APPROVED",
  retry: "Retry all in ERROR",
};
const ACTIONS = Object.keys(LABELS) as Action[];

interface Props {
  selected: Schemas["OrderSummary"][];
  wanted: OrderQuery;
  onDone: () => void;
}

/** One action on the orders that are selected, or on all that the filters find. */
export function BulkActions({ selected, wanted, onDone }: Props) {
  const [result, setResult] = useState<Answer>();
  const [previewed, setPreviewed] = useState<Body>();
  const active = useConnectors().data?.filter((connector) => connector.status === "ACTIVE");
  const act = useAction((body: Body) => answer(api.POST("/api/v1/draft-orders/bulk", { body })), {
    done: ({ succeeded, more }) =>
      `Done for ${plural(succeeded, "order")}${more ? "; there are more, do it again for the next 1,000" : ""}`,
    onDone: (outcome) => {
      setPreviewed(undefined);
      onDone();
      if (outcome.succeeded < outcome.results.length) setResult(outcome);
    },
  });
  const onSelected = (action: Action) => {
    const ids = selected.filter(({ actions }) => actions.includes(action)).map(({ id }) => id);
    return { action, ids };
  };
  const { q, since, until, connection_id, error_code, unreadable_answer, differs } = wanted;
  const filter = { q, since, until, connection_id, error_code, unreadable_answer, differs };
  const approveAll = useAction((body: Body) => answer(api.POST("/api/v1/draft-orders/bulk/preview", { body })), {
    onDone: ({ orders, more }) => {
      const label = `Approve ${plural(orders, "order")}`;
      const rest = more ? "They are the oldest 1,000 of those that your filters find." : FOUND;
      const approve = () => act.run({ action: "approve", filter });
      confirm(`${label}?`, rest, label, approve, { color: "indigo" });
    },
  });
  const begin = (body: Body) => {
    if (body.action !== "approve") setPreviewed(body);
    else if (body.ids) act.run(body);
    else approveAll.run(body);
  };
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
            .filter(({ ids }) => ids.length > 0)
            .map((body) => (
              <Button
                key={body.action}
                size="xs"
                loading={act.isPending}
                disabled={!active}
                onClick={() => begin(body)}
              >
                {LABELS[body.action]} {body.ids.length}
              </Button>
            ))}
          <Menu position="bottom-end">
            <Menu.Target>
              <Button
                size="xs"
                variant="default"
                loading={act.isPending || approveAll.isPending}
                disabled={!active}
                rightSection={<IconChevronDown size={14} />}
              >
                All found
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {ACTIONS.map((action) => (
                <Menu.Item key={action} onClick={() => begin({ action, filter })}>
                  {ALL[action]}
                </Menu.Item>
              ))}
            </Menu.Dropdown>
          </Menu>
        </Group>
      </Paper>
      {previewed && active && (
        <PushDialog
          what={previewed}
          label={LABELS[previewed.action]}
          title={`${LABELS[previewed.action]}: where the orders go`}
          connectors={active}
          pending={act.isPending}
          onPush={(way) => act.run({ ...previewed, ...way })}
          onClose={() => setPreviewed(undefined)}
        />
      )}
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

const FOUND = "They are all that your filters find in the state READY.";

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
