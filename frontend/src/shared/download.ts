import { answer, api, ApiError } from "../api/client";
import { tell } from "../api/queries";

/** Save an export's document, the very bytes that go to the ERP. */
export async function downloadDocument(export_id: string, filename: string | null): Promise<void> {
  try {
    const call = api.GET("/api/v1/exports/{export_id}/document", { params: { path: { export_id } }, parseAs: "blob" });
    const url = URL.createObjectURL((await answer(call)) as Blob);
    const link = Object.assign(document.createElement("a"), { href: url, download: filename ?? "document" });
    link.click();
    URL.revokeObjectURL(url);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    tell(error);
  }
}
