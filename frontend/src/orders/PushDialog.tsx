import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, List, Modal, Select, Stack, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useBulkPreview, useRoutes } from "../api/queries";
import { choiceName } from "../connectors/connectorName";
import { Answered } from "../shared/Answered";
import { count } from "../shared/format";
import { useReturnFocus } from "../shared/useReturnFocus";
import { asksWhere, destinationText, firstChoice } from "./destinations";

type Connector = Schemas["Connector"];

/** The choice to name no connector. */
const BY_RULES = t`by rules`;

/** Where to, and when; what is left out is as usual. */
export type Way = Pick<Schemas["PushBody"], "connection_id" | "not_before">;

interface Props {
  /** What is to be done, and to which orders. */
  what: Schemas["BulkJobBody"];
  label: string;
  title: string;
  /** Those that can be chosen: the ACTIVE ones. */
  connectors: Connector[];
  /** The one that is offered first, if it is among them; else the default one. */
  preferred?: string;
  pending: boolean;
  onPush: (way: Way) => void;
  onClose: () => void;
}

/** Before anything is pushed: how many orders go where, and the choice where there is one. */
export function PushDialog({ what, label, title, connectors, preferred, pending, onPush, onClose }: Props) {
  useReturnFocus();
  const routes = useRoutes();
  const ruled = (routes.data?.rules.length ?? 0) > 0;
  const [picked, setPicked] = useState<string>();
  const chosen = picked ?? (ruled ? BY_RULES : firstChoice(connectors, preferred));
  // The default one is not named: what may have arrived elsewhere can then go there again.
  const byDefault = !ruled && connectors.some(({ id, is_default }) => id === chosen && is_default);
  const named = byDefault || chosen === BY_RULES ? undefined : chosen;
  const [moment, setMoment] = useState("");
  const not_before = moment ? new Date(moment).toISOString() : undefined;
  const undecided = routes.isPending || (chosen === undefined && connectors.length > 1);
  const preview = useBulkPreview({ ...what, connection_id: named }, !undecided);
  const choice = (
    <Select
      label={t`Connector`}
      placeholder={t`Which one?`}
      data={[
        ...(ruled ? [{ value: BY_RULES, label: t`Where the rules say` }] : []),
        ...connectors.map((each) => ({ value: each.id, label: choiceName(each) })),
      ]}
      value={chosen ?? null}
      onChange={(id) => setPicked(id ?? undefined)}
      allowDeselect={false}
    />
  );
  return (
    <Modal opened onClose={onClose} title={title}>
      {undecided ? (
        choice
      ) : (
        <Answered query={preview}>
          {({ total, looked_at, orders, destinations, waiting }) => (
            <Stack>
              {(asksWhere(destinations, connectors.length) || waiting > 0) && choice}
              {orders === 0 && destinations.length === 0 && waiting === 0 && (
                <Text size="sm">
                  <Trans>There is no order for “{label}”.</Trans>
                </Text>
              )}
              <List size="sm">
                {destinations.map((each) => (
                  <List.Item key={`${each.connection_id} ${each.bound}`}>
                    <b>{count(each.orders)}</b> {destinationText(each)}
                  </List.Item>
                ))}
                {waiting > 0 && (
                  <List.Item>
                    <Trans>
                      <b>{count(waiting)}</b> wait: no rule sends them anywhere yet
                    </Trans>
                  </List.Item>
                )}
              </List>
              {total > looked_at && (
                <Text size="sm" c="dimmed">
                  <Trans>
                    This is where the oldest {count(looked_at)} of {count(total)} go; all of them are pushed.
                  </Trans>
                </Text>
              )}
              <TextInput
                type="datetime-local"
                label={t`Deliver not before`}
                description={t`By the clock of this computer. Opening hours of the connector count too. Empty: as soon as may be.`}
                value={moment}
                onChange={(event) => setMoment(event.currentTarget.value)}
              />
              <Button
                loading={pending}
                disabled={orders + waiting === 0 || preview.isPlaceholderData}
                onClick={() => onPush({ connection_id: named, not_before })}
                data-autofocus
              >
                {t`${label} ${plural(total > looked_at ? total : orders + waiting, { one: "# order", other: "# orders" })}`}
              </Button>
            </Stack>
          )}
        </Answered>
      )}
    </Modal>
  );
}
