// An order's life by @hey-api/openapi-ts.
import { approve, createOrder, getOrder, push, updateOrder } from "./hey";
import { client } from "./hey/client.gen";

declare const process: { argv: string[] };
const [, , baseUrl = "", key = "", qty = "", price = ""] = process.argv;
client.setConfig({
  baseUrl: baseUrl as "/",
  headers: { Authorization: `Bearer ${key}`, Prefer: "decimals=string" },
  throwOnError: true,
});

async function life() {
  const line = { line_no: 1, internal_sku: "INT-9", qty, uom: "M", unit_price: price };
  const body = { currency: "EUR", customer: { erp_customer_number: "4711" }, lines: [line] };
  const { data: arrived } = await createOrder({ body, throwOnError: true });
  const path = { order_id: arrived.id };
  const { data: made } = await getOrder({ path, throwOnError: true });
  await updateOrder({ path, body: { ...body, lines: made.lines }, throwOnError: true });
  await approve({ path, throwOnError: true });
  await push({ path, throwOnError: true });
  for (;;) {
    const { data: order } = await getOrder({ path, throwOnError: true });
    if (order.status === "PUSHED" || order.status === "CONFIRMED") {
      console.log(JSON.stringify([order.status, order.lines[0]?.qty, order.lines[0]?.unit_price]));
      return;
    }
    if (order.status === "ERROR") throw new Error(JSON.stringify(order.error));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

void life();
