import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Group, Menu, Modal, Paper, Text } from "@mantine/core";
import { IconChevronDown } from "@tabler/icons-react";
import { useState } from "react";
import { answer, api, type Schemas } from "../api/client";
import { useAction, useConnectors, type OrderQuery } from "../api/queries";
import { useBulkJob, type JobBody } from "../jobs/useBulkJob";
import { ConnectorChoice } from "../connectors/ConnectorChoice";
import { AskText, type AskTextProps } from "../shared/AskText";
import { confirm } from "../shared/confirm";
import { REASON } from "./OrderActions";
import { PushDialog } from "./PushDialog";
import { RecallDialog } from "./RecallDialog";
import { filterOf } from "./filterOf";

const LABELS = {
  approve: t`Approve`,
  push: t`Push`,
  retry: t`Retry`,
  hold: t`Hold`,
  release: t`Release`,
  reroute: t`Re-route`,
  move: t`Move`,
  withdraw: t`Withdraw`,
  accept_differences: t`Accept differences`,
  recall: t`Recall`,
  reject: t`Reject`,
};
type Action = keyof typeof LABELS;

/** Which of the orders that the filters find an action is about; the API knows. */
const ALL: Record<Action, string> = {
  approve: t`Approve all that are READY`,
  push: t`Push all that are APPROVED`,
  retry: t`Retry all in ERROR`,
  hold: t`Hold all that are not sent`,
  release: t`Release all that are on hold`,
  reroute: t`Re-route all that wait`,
  move: t`Move all that wait to another connector`,
  withdraw: t`Withdraw all that wait`,
  accept_differences: t`Accept the differences of all that were confirmed`,
  recall: t`Recall all that were pushed`,
  reject: t`Reject all that were not pushed`,
};
const ACTIONS = ["approve", "push", "retry", "hold", "release", "accept_differences", "recall", "reject"] as const;
const AT_ONCE = new Set<Action>(["approve", "release", "accept_differences"]);
const ON_ALL = Object.keys(ALL) as Action[];

interface Props {
  selected: Schemas["OrderSummary"][];
  wanted: OrderQuery;
  onDone: () => void;
}

/** One action on the orders that are selected, or on all that the filters find. */
export function BulkActions({ selected, wanted, onDone }: Props) {
  const [previewed, setPreviewed] = useState<JobBody & { action: Action }>();
  const [recalled, setRecalled] = useState<JobBody>();
  const [asked, setAsked] = useState<{ body: JobBody & { action: Action }; asking: Asking }>();
  const [moved, setMoved] = useState<{ body: JobBody; orders: number }>();
  const active = useConnectors().data?.filter((connector) => connector.status === "ACTIVE");
  const act = useBulkJob(() => {
    setPreviewed(undefined);
    setRecalled(undefined);
    setMoved(undefined);
    onDone();
  });
  const onSelected = (action: (typeof ACTIONS)[number]) => {
    const ids = selected.filter(({ actions }) => actions.includes(action)).map(({ id }) => id);
    return { action, ids };
  };
  const filter = filterOf(wanted);
  const ask = (body: JobBody & { action: Action }, orders: number) => {
    const action = LABELS[body.action];
    const label = t`${action} ${plural(orders, { one: "# order", other: "# orders" })}`;
    const asking = WHY[body.action]?.(orders);
    if (asking) setAsked({ body, asking });
    else if (body.action === "move") setMoved({ body, orders });
    else confirm(`${label}?`, FOUND, label, () => act.run(body), { color: "indigo" });
  };
  const count = useAction(
    async (body: JobBody & { action: Action }) => {
      const { total } = await answer(api.POST("/api/v1/bulk-jobs/preview", { body }));
      return { body, total };
    },
    {
      done: ({ body, total }) => (total ? undefined : noneText(LABELS[body.action])),
      onDone: ({ body, total }) => {
        if (total) ask(body, total);
      },
    },
  );
  const onAll = (action: Action) => {
    if (action === "push" || action === "retry") setPreviewed({ action, filter });
    else if (action === "recall") setRecalled({ action, filter });
    else count.run({ action, filter: action === "release" ? { ...filter, on_hold: true } : filter });
  };
  const onChosen = (body: { action: Action; ids: string[] }) => {
    const asking = WHY[body.action]?.(body.ids.length);
    if (asking) setAsked({ body, asking });
    else if (AT_ONCE.has(body.action)) act.run(body);
    else if (body.action === "recall") setRecalled(body);
    else setPreviewed(body);
  };
  return (
    <>
      <Paper withBorder p="xs" mb="sm" radius="md">
        <Group gap="xs" mih={30}>
          <Text size="sm" c="dimmed" mr="auto">
            {selected.length
              ? t`${plural(selected.length, { one: "# order", other: "# orders" })} selected`
              : t`Select orders to act on several at once`}
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
                <Trans>All found</Trans>
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
      {asked && (
        <AskText
          opened
          label={LABELS[asked.body.action]}
          field={REASON}
          {...asked.asking}
          onGiven={(reason) => act.run({ ...asked.body, reason: reason || undefined })}
          onClose={() => setAsked(undefined)}
        />
      )}
      <Modal opened={moved !== undefined} onClose={() => setMoved(undefined)} title={t`Move deliveries`}>
        {moved && active && (
          <ConnectorChoice
            connectors={active}
            label={t`Move ${plural(moved.orders, { one: "# delivery", other: "# deliveries" })}`}
            pending={act.isPending}
            onChoose={(connection_id) => act.run({ ...moved.body, connection_id })}
          />
        )}
      </Modal>
      {recalled && (
        <RecallDialog
          what={recalled}
          pending={act.isPending}
          onRecall={(reason) => act.run({ ...recalled, reason })}
          onClose={() => setRecalled(undefined)}
        />
      )}
      {previewed && active && (
        <PushDialog
          what={previewed}
          label={LABELS[previewed.action]}
          title={t`${LABELS[previewed.action]}: where the orders go`}
          connectors={active}
          pending={act.isPending}
          onPush={(way) => act.run({ ...previewed, ...way })}
          onClose={() => setPreviewed(undefined)}
        />
      )}
    </>
  );
}

type Asking = Pick<AskTextProps, "title" | "about" | "required" | "color">;

/** What needs a reason, and how it is asked for. */
const WHY: Partial<Record<Action, (orders: number) => Asking>> = {
  hold: (orders) => ({
    title: t`Put ${plural(orders, { one: "# order", other: "# orders" })} on hold?`,
    about: t`They are not delivered until you, or an ADMIN, release them. Attempts that have begun are not interrupted.`,
    required: true,
  }),
  reject: (orders) => ({
    title: t`Reject ${plural(orders, { one: "# order", other: "# orders" })}?`,
    about: t`A rejected order can never be pushed. Its history stays.`,
    color: "red",
  }),
};

const noneText = (label: string) => t`There is no order for “${label}”.`;
const FOUND = t`They are all that your filters find in a state that allows it.`;
