import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Fieldset, Group, Select, Stack } from "@mantine/core";
import { useState } from "react";
import { answer, api } from "../api/client";
import { useAction, useOrders } from "../api/queries";
import type { Config } from "./form/schema";
import { ErrorAlert } from "../shared/ErrorAlert";
import { Preview } from "../shared/Preview";

const SAMPLE = { value: "", label: t`A sample order that has every field` };

/** What a configuration that is not saved would send, for a sample or for one of the latest orders. */
export function ConfigPreview({ type, config, id }: { type: string; config: Config; id?: string }) {
  const orders = useOrders({ limit: 20 }).data?.items ?? [];
  const [order, setOrder] = useState<string | null>("");
  const show = useAction(
    () =>
      answer(
        api.POST("/api/v1/connectors/preview", { body: { connector_type: type, config, id, order_id: order || null } }),
      ),
    { quiet: true },
  );
  const data = [
    SAMPLE,
    ...orders.map((each) => ({
      value: each.id,
      label: [each.external_order_number ?? each.id.slice(0, 8), each.customer.name].filter(Boolean).join(" · "),
    })),
  ];
  return (
    <Fieldset legend={t`Preview`}>
      <Stack gap="sm">
        <Group align="flex-end" gap="xs">
          <Select
            label={t`What would be sent for`}
            data={data}
            value={order}
            allowDeselect={false}
            onChange={setOrder}
            style={{ flex: 1 }}
          />
          <Button variant="default" loading={show.isPending} onClick={() => show.run(undefined)}>
            <Trans>Preview</Trans>
          </Button>
        </Group>
        {show.error && <ErrorAlert error={show.error} />}
        {show.data && <Preview shown={show.data} />}
      </Stack>
    </Fieldset>
  );
}
