// An order's life by openapi-typescript and openapi-fetch.
import createClient from "openapi-fetch";
import type { paths } from "./schema";

declare const process: { argv: string[] };
const [, , baseUrl = "", key = "", qty = "", price = ""] = process.argv;
const api = createClient<paths>({
  baseUrl,
  headers: { Authorization: `Bearer ${key}`, Prefer: "decimals=string" },
});

async function data<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data: found, error } = await call;
  if (found === undefined) throw new Error(JSON.stringify(error));
  return found;
}

async function life() {
  const line = { line_no: 1, internal_sku: "INT-9", qty, uom: "M", unit_price: price };
  const body = { currency: "EUR", customer: { erp_customer_number: "4711" }, lines: [line] };
  const { id } = await data(api.POST("/api/v1/draft-orders", { body }));
  const params = { path: { order_id: id } };
  const made = await data(api.GET("/api/v1/draft-orders/{order_id}", { params }));
  await data(api.PUT("/api/v1/draft-orders/{order_id}", { params, body: { ...body, lines: made.lines } }));
  await data(api.POST("/api/v1/draft-orders/{order_id}/approve", { params }));
  await data(api.POST("/api/v1/draft-orders/{order_id}/push", { params }));
  for (;;) {
    const order = await data(api.GET("/api/v1/draft-orders/{order_id}", { params }));
    if (order.status === "PUSHED" || order.status === "CONFIRMED") {
      console.log(JSON.stringify([order.status, order.lines[0]?.qty, order.lines[0]?.unit_price]));
      return;
    }
    if (order.status === "ERROR") throw new Error(JSON.stringify(order.error));
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

void life();
