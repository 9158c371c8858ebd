import { Button, Group, Menu, Paper, Text } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors, type OrderQuery } from "../api/queries";
import { useBulkJob, type JobBody } from "../jobs/useBulkJob";
import { confirm } from "../shared/confirm";
import { plural } from "../shared/format";
import { PushDialog } from "./PushDialog";
import { filterOf } from "./filterOf";

type Action = "approve" | "push" | "retry";

const LABELS = { approve: "Approve", push: "Push", retry: "Retry", reroute: "Re-route", withdraw: "Withdraw" };
/** Which of the orders that the filters find an action is about; the API knows. */
const ALL: Record<keyof typeof LABELS, string> = {
  approve: "Approve all that are READY",
  push: "Push all that are APPROVED",
  retry: "Retry all in ERROR",
  reroute: "Re-route all that wait",
  withdraw: "Withdraw all that wait",
};
const ACTIONS = ["approve", "push", "retry"] as const;
const ON_ALL = Object.keys(ALL) as (keyof typeof ALL)[];

interface Props {
  selected: Schemas["OrderSummary"][];
  wanted: OrderQuery;
  onDone: () => void;
}

/** One action on the orders that are selected, or on all that the filters find. */
export function BulkActions({ selected, wanted, onDone }: Props) {
  const [previewed, setPreviewed] = useState<JobBody & { action: Action }>();
  const active = useConnectors().data?.filter((connector) => connector.status === "ACTIVE");
  const act = useBulkJob(() => {
    setPreviewed(undefined);
    onDone();
  });
  const onSelected = (action: Action) => {
    const ids = selected.filter(({ actions }) => actions.includes(action)).map(({ id }) => id);
    return { action, ids };
  };
  const filter = filterOf(wanted);
  const count = useAction((body: JobBody) => answer(api.POST("/api/v1/bulk-jobs/preview", { body })), {});
  const confirmAll = (action: keyof typeof ALL) => {
    count.mutate(
      { action, filter },
      {
        onSuccess: ({ total }) => {
          const label = `${LABELS[action]} ${plural(total, "order")}`;
          confirm(`${label}?`, FOUND, label, () => act.run({ action, filter }), { color: "indigo" });
        },
      },
    );
  };
  const onAll = (action: keyof typeof ALL) => {
    if (action === "push" || action === "retry") setPreviewed({ action, filter });
    else confirmAll(action);
  };
  const onChosen = (body: { action: Action; ids: string[] }) => {
    if (body.action === "approve") act.run(body);
    else setPreviewed(body);
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
                onClick={() => onChosen(body)}
              >
                {LABELS[body.action]} {body.ids.length}
              </Button>
            ))}
          <Menu position="bottom-end">
            <Menu.Target>
              <Button
                size="xs"
                variant="default"
                loading={act.isPending || count.isPending}
                disabled={!active}
                rightSection={<IconChevronDown size={14} />}
              >
                All found
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {ON_ALL.map((action) => (
                <Menu.Item key={action} onClick={() => onAll(action)}>
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
    </>
  );
}

const FOUND = "They are all that your filters find in a state that allows it.";
