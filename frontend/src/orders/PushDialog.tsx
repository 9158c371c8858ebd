import { Button, List, Modal, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "../api/client";
import { useBulkPreview } from "../api/queries";
import { choiceName } from "../connectors/connectorName";
import { Answered } from "../shared/Answered";
import { count, plural } from "../shared/format";
import { useReturnFocus } from "../shared/useReturnFocus";
import { asksWhere, destinationText, firstChoice } from "./destinations";

type Connector = Schemas["Connector"];

interface Props {
  /** What is to be done, and to which orders. */
  what: Pick<Schemas["BulkBody"], "action" | "ids" | "filter">;
  label: string;
  title: string;
  /** Those that can be chosen: the ACTIVE ones. */
  connectors: Connector[];
  /** The one that is offered first, if it is among them; else the default one. */
  preferred?: string;
  pending: boolean;
  onPush: (connection_id: string | undefined) => void;
  onClose: () => void;
}

/** Before anything is pushed: how many orders go where, and the choice where there is one. */
export function PushDialog({ what, label, title, connectors, preferred, pending, onPush, onClose }: Props) {
  useReturnFocus();
  const [chosen, setChosen] = useState(() => firstChoice(connectors, preferred));
  // The default one is not named: what may have arrived elsewhere can then go there again.
  const named = connectors.some(({ id, is_default }) => id === chosen && is_default) ? undefined : chosen;
  const undecided = chosen === undefined && connectors.length > 1;
  const preview = useBulkPreview({ ...what, connection_id: named }, !undecided);
  const choice = (
    <Select
      label="Connector"
      placeholder="Which one?"
      data={connectors.map((each) => ({ value: each.id, label: choiceName(each) }))}
      value={chosen ?? null}
      onChange={(id) => setChosen(id ?? undefined)}
      allowDeselect={false}
    />
  );
  return (
    <Modal opened onClose={onClose} title={title}>
      {undecided ? (
        choice
      ) : (
        <Answered query={preview}>
          {({ orders, more, destinations }) => (
            <Stack>
              {asksWhere(destinations, connectors.length) && choice}
              {orders === 0 && destinations.length === 0 && (
                <Text size="sm">There is no order to {label.toLowerCase()}.</Text>
              )}
              <List size="sm">
                {destinations.map((each) => (
                  <List.Item key={`${each.connection_id} ${each.bound}`}>
                    <b>{count(each.orders)}</b> {destinationText(each)}
                  </List.Item>
                ))}
              </List>
              {more && (
                <Text size="sm" c="dimmed">
                  Your filters find more than 1,000. These are the oldest; do it again for the next.
                </Text>
              )}
              <Button
                loading={pending}
                disabled={orders === 0 || preview.isPlaceholderData}
                onClick={() => onPush(named)}
                data-autofocus
              >
                {label} {plural(orders, "order")}
              </Button>
            </Stack>
          )}
        </Answered>
      )}
    </Modal>
  );
}
