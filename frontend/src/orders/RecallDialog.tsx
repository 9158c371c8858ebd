import { plural, t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, List, Modal, Stack, Text, TextInput } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import type { Schemas } from "../api/client";
import { useBulkPreview } from "../api/queries";
import { Answered } from "../shared/Answered";
import { count } from "../shared/format";
import { useReturnFocus } from "../shared/useReturnFocus";
import { recallText } from "./recallText";

interface Props {
  /** Which orders. */
  what: Schemas["BulkJobBody"];
  pending: boolean;
  onRecall: (reason: string) => void;
  onClose: () => void;
}

/** Before many orders are recalled: how many are taken back for sure, are asked for, or are not, and why. */
export function RecallDialog({ what, pending, onRecall, onClose }: Props) {
  useReturnFocus();
  const [reason, setReason] = useState("");
  const preview = useBulkPreview(what, true);
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    onRecall(reason.trim());
  };
  return (
    <Modal opened onClose={onClose} title={t`Recall: what becomes of the orders`}>
      <Answered query={preview}>
        {({ total, looked_at, orders, recall = [] }) => (
          <Stack component="form" onSubmit={submit}>
            {recall.length === 0 && (
              <Text size="sm">
                <Trans>There is no order to recall.</Trans>
              </Text>
            )}
            <List size="sm">
              {recall.map((each) => (
                <List.Item key={`${each.way} ${each.connection_id ?? ""} ${each.error?.message ?? ""}`}>
                  <b>{count(each.orders)}</b> {recallText(each)}
                </List.Item>
              ))}
            </List>
            {total > looked_at && (
              <Text size="sm" c="dimmed">
                <Trans>
                  This is what becomes of the oldest {count(looked_at)} of {count(total)}; all of them are recalled.
                </Trans>
              </Text>
            )}
            <TextInput
              label={t`Reason, which the ERP is told`}
              required
              value={reason}
              onChange={(event) => setReason(event.currentTarget.value)}
              data-autofocus
            />
            <Button type="submit" color="red.9" loading={pending} disabled={orders === 0 || preview.isPlaceholderData}>
              <Trans>Recall {plural(total > looked_at ? total : orders, { one: "# order", other: "# orders" })}</Trans>
            </Button>
          </Stack>
        )}
      </Answered>
    </Modal>
  );
}
