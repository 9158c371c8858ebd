import { answer, api, ApiError } from "../api/client";
import { tell, type AnalyticsQuery, type OrderQuery } from "../api/queries";
import { decimalSign } from "./money";

/** Save an export's document, the very bytes that go to the ERP. */
export function downloadDocument(export_id: string, filename: string | null): Promise<void> {
  const options = { params: { path: { export_id } }, parseAs: "blob" } as const;
  return save(api.GET("/api/v1/exports/{export_id}/document", options), filename ?? "document");
}

/** The same bytes, to be looked at. */
export function readDocument(export_id: string): Promise<ArrayBuffer> {
  const options = { params: { path: { export_id } }, parseAs: "arrayBuffer" } as const;
  return answer(api.GET("/api/v1/exports/{export_id}/document", options)) as Promise<ArrayBuffer>;
}

/** Save a receipt of the partner as it came, with its signature. */
export function downloadProof(export_id: string, proof_id: string): Promise<void> {
  const options = { params: { path: { export_id, proof_id } }, parseAs: "blob" } as const;
  return save(api.GET("/api/v1/exports/{export_id}/proofs/{proof_id}/content", options), `receipt_${proof_id}.eml`);
}

/** Save what became of each order of a bulk job. */
export function downloadResults(job_id: string): Promise<void> {
  const options = { params: { path: { job_id } }, parseAs: "blob" } as const;
  return save(api.GET("/api/v1/bulk-jobs/{job_id}/results.csv", options), `bulk-job-${job_id}.csv`);
}

/** Save the orders that a list finds, for a spreadsheet of the reader's. */
export function downloadOrders(query: OrderQuery): Promise<void> {
  const options = { params: { query: { ...query, decimal: decimalSign() } }, parseAs: "blob" } as const;
  return save(api.GET("/api/v1/draft-orders/csv", options), "orders.csv");
}

/** Save how deliveries went, in all or over time, for a spreadsheet of the reader's. */
export function downloadAnalytics(query: AnalyticsQuery, over_time = false): Promise<void> {
  const options = { params: { query: { ...query, over_time, decimal: decimalSign() } }, parseAs: "blob" } as const;
  const name = `deliveries-by-${query.by}-${query.period}${over_time ? "-over-time" : ""}.csv`;
  return save(api.GET("/api/v1/stats/deliveries/csv", options), name);
}

async function save(call: Promise<{ data?: unknown; response: Response }>, filename: string): Promise<void> {
  try {
    const url = URL.createObjectURL((await answer(call)) as Blob);
    const link = Object.assign(document.createElement("a"), { href: url, download: filename });
    link.click();
    URL.revokeObjectURL(url);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tell(error);
  }
}
