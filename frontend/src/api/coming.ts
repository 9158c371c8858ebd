import { answer, api, type Schemas } from "./client";

/** Fields that the API is about to have; each goes from here as it comes. */
export interface Unreadable {
  file: string | null;
  reason: string | null;
  excerpt: string | null;
  read_at: string | null;
}
interface Answers {
  unreadable_answer?: Unreadable | null;
}
export type Connector = Schemas["Connector"];
export type Export = Schemas["Export"] & Answers;
export type OrderSummary = Schemas["OrderSummary"] & Answers;
export type Order = Schemas["Order"] & Answers;

/** Put the file of an answer back, and read it. */
export function readAnswerAgain(export_id: string): Promise<unknown> {
  return answer(api.POST(`/api/v1/exports/${export_id}/read-answer-again` as never, {} as never) as never);
}
