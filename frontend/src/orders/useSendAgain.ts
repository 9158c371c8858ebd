import { t } from "@lingui/core/macro";
import { answer, api } from "../api/client";
import { useAction, useConnectors, useMay, useRoutes, type ExactOrder } from "../api/queries";
import { about, ask } from "./OrderActions";

/** Approve what was corrected, and push it: offered where it is clear where to, and where one may do both. */
export function useSendAgain({ id, external_order_number, status }: ExactOrder) {
  const may = useMay();
  const active = useConnectors().data?.filter((connector) => connector.status === "ACTIVE").length ?? 0;
  const ruled = (useRoutes().data?.rules.length ?? 0) > 0;
  const sending = useAction(
    async (version: number) => {
      const order = about({ id, version });
      await answer(api.POST("/api/v1/draft-orders/{order_id}/approve", order));
      return ask(id, "push", {});
    },
    { done: t`${external_order_number ?? t`The order`} is on its way again` },
  );
  return {
    offered: status === "ERROR" && may("ORDERS_APPROVE") && may("ORDERS_PUSH") && (active === 1 || ruled),
    send: sending.run,
  };
}
