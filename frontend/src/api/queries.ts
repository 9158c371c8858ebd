import { keepPreviousData, useMutation, useQuery, useQueryClient, type UseQueryResult } from "@tanstack/react-query";
import { useRef, useSyncExternalStore } from "react";
import { notifications } from "@mantine/notifications";
import { answer, api, ApiError, type Schemas } from "./client";
import { parseExact } from "./exact";
import { isSignedIn, onSessionChange } from "./session";
import type { operations } from "./schema";

/** Milliseconds between two looks: what changes on the server shows within three seconds. */
const REFRESH = 2_000;
/** The same for what stands beside every page. */
const BESIDE = 10_000;

export type OrderQuery = NonNullable<operations["list_orders"]["parameters"]["query"]>;
export type ExportQuery = NonNullable<operations["list_exports"]["parameters"]["query"]>;
export type AttemptQuery = NonNullable<operations["list_push_log"]["parameters"]["query"]>;
export type ResultQuery = NonNullable<operations["list_bulk_results"]["parameters"]["query"]>;
export type AuditQuery = NonNullable<operations["list_audit_log"]["parameters"]["query"]>;
export type Period = NonNullable<NonNullable<operations["get_stats"]["parameters"]["query"]>["period"]>;
type Exact<T, Names extends keyof T> = Omit<T, Names> & Record<Names, string | null>;
export type ExactAdjustment = Exact<Required<Schemas["AllowanceCharge"]>, "amount" | "percent" | "base_amount">;
interface Adjusted {
  allowances: ExactAdjustment[];
  charges: ExactAdjustment[];
  taxes: ExactAdjustment[];
}
export type ExactLine = Omit<Exact<Schemas["Line"], "qty" | "unit_price">, keyof Adjusted> & Adjusted;
export type ExactConfirmedLine = Exact<Schemas["ConfirmedLine"], "qty" | "unit_price">;
export type ExactConfirmed = Omit<Schemas["ConfirmedOrder"], "lines"> & { lines: ExactConfirmedLine[] };
export type ExactOrder = Omit<Schemas["Order"], "lines" | "confirmed" | keyof Adjusted> &
  Adjusted & { lines: ExactLine[]; confirmed: ExactConfirmed | null };

/** What an answer is about: its key without filters, which are objects. */
export function aboutOf(key: readonly unknown[] = []): string {
  return key.filter((part) => typeof part === "string").join(" ");
}

/** What is asked again and again while the tab is in view; the last answer about the same stays while the next one is on
 * its way. */
function useLive<T>(
  key: readonly unknown[],
  ask: () => Promise<T>,
  enabled = true,
  refetchInterval = REFRESH,
): UseQueryResult<T> {
  return useQuery({
    queryKey: key,
    queryFn: ask,
    refetchInterval,
    placeholderData: (last, asked) => (aboutOf(asked?.queryKey) === aboutOf(key) ? last : undefined),
    enabled,
  });
}

export function useSignedIn(): boolean {
  return useSyncExternalStore(onSessionChange, isSignedIn);
}

export function useMe() {
  return useQuery({
    queryKey: ["me"],
    queryFn: () => answer(api.GET("/api/v1/me")),
    enabled: useSignedIn(),
    staleTime: 60_000,
  });
}

export function useSecondFactor() {
  return useQuery({ queryKey: ["second-factor"], queryFn: () => answer(api.GET("/api/v1/me/second-factor")) });
}

export function useNotices() {
  return useQuery({ queryKey: ["notices"], queryFn: () => answer(api.GET("/api/v1/me/notices")) });
}

export type Permission = Schemas["Me"]["permissions"][number];

/** Tells what the signed-in role may do; what it may not do is not offered. */
export function useMay(): (permission: Permission) => boolean {
  const { data } = useMe();
  return (permission) => data?.permissions.includes(permission) ?? false;
}

export function useStats(period: Period) {
  return useLive(["stats", { period }], () => {
    const midnight = new Date();
    midnight.setHours(0, 0, 0, 0);
    return answer(api.GET("/api/v1/stats", { params: { query: { period, day_start: midnight.toISOString() } } }));
  });
}

/** What needs somebody; `watched` where it is what one looks at. */
export function useNeeds(watched = false) {
  return useLive(["needs"], () => answer(api.GET("/api/v1/needs")), useSignedIn(), watched ? REFRESH : BESIDE);
}

export type ListedNeed = Schemas["Need"];

/** The same while the page is not in view, for notices of the browser. */
export function useNeedsInBackground(enabled: boolean) {
  return useQuery({
    queryKey: ["needs"],
    queryFn: () => answer(api.GET("/api/v1/needs")),
    enabled,
    refetchInterval: 60_000,
    refetchIntervalInBackground: true,
  });
}

/** What happened since one looked last; that one looks now is noted. */
export function useVisit() {
  return useQuery({
    queryKey: ["visit"],
    queryFn: () => answer(api.POST("/api/v1/needs/visit")),
    refetchInterval: 300_000,
    staleTime: 300_000,
  });
}

/** Who may take care of something. */
export function usePeople() {
  return useQuery({ queryKey: ["people"], queryFn: () => answer(api.GET("/api/v1/needs/people")) });
}

export type AnalyticsQuery = NonNullable<operations["get_delivery_analytics"]["parameters"]["query"]>;

/** How deliveries went over a period; asked anew less often, for it looks at all of them. */
export function useDeliveryAnalytics(query: AnalyticsQuery) {
  return useLive(
    ["analytics", query],
    () => answer(api.GET("/api/v1/stats/deliveries", { params: { query } })),
    true,
    BESIDE,
  );
}

export function useConnectors() {
  return useLive(["connectors"], async () => (await answer(api.GET("/api/v1/connectors"))).items);
}

export function useCertificates() {
  return useLive(["certificates"], async () => (await answer(api.GET("/api/v1/certificates"))).items);
}

export function useArrived(connector_id: string) {
  const params = { path: { connector_id }, query: { limit: 10 } };
  return useLive(["arrived", connector_id], () =>
    answer(api.GET("/api/v1/connectors/{connector_id}/answers", { params })),
  );
}

export function useRoutes() {
  return useLive(["routes"], () => answer(api.GET("/api/v1/routes")));
}

export function useRouteFields() {
  return useQuery({
    queryKey: ["route-fields"],
    queryFn: async () => (await answer(api.GET("/api/v1/routes/fields"))).items,
    staleTime: Infinity,
  });
}

/** What opening hours may name. */
export function useHoursChoices() {
  return useQuery({
    queryKey: ["hours-choices"],
    queryFn: () => answer(api.GET("/api/v1/opening-hours/choices")),
    staleTime: Infinity,
  });
}

/** What opening hours mean for the next days; null: nothing needs to be asked. */
export function useHoursPreview(hours: Schemas["OpeningHours"] | null) {
  return useQuery<Schemas["HoursPreview"], ApiError>({
    queryKey: ["hours-preview", hours],
    queryFn: () => answer(api.POST("/api/v1/opening-hours/preview", { body: { opening_hours: { ...hours } } })),
    enabled: hours !== null,
    placeholderData: keepPreviousData,
    retry: false,
  });
}

export function useConnectorTypes() {
  return useQuery({
    queryKey: ["connector-types"],
    queryFn: async () => (await answer(api.GET("/api/v1/connector-types"))).items,
    staleTime: Infinity,
  });
}

export function useOrders(query: OrderQuery) {
  return useLive(["orders", query], () => answer(api.GET("/api/v1/draft-orders", { params: { query } })));
}

/** How many orders a list finds, and what they are worth; asked anew less often, for it looks at all of them. */
export function useOrderTotals(wanted: OrderQuery) {
  const query = { ...wanted, sort: undefined, limit: undefined, cursor: undefined };
  return useLive(
    ["order-totals", query],
    () => answer(api.GET("/api/v1/draft-orders/totals", { params: { query } })),
    true,
    BESIDE,
  );
}

/** Lists under a name: one's own, and those that others share. */
export function useSavedViews() {
  return useQuery({ queryKey: ["saved-views"], queryFn: () => answer(api.GET("/api/v1/saved-views")) });
}

export async function getOrder(order_id: string): Promise<ExactOrder> {
  const call = api.GET("/api/v1/draft-orders/{order_id}", { params: { path: { order_id } }, parseAs: "text" });
  return parseExact<ExactOrder>(await answer(call));
}

export function useOrder(id: string) {
  return useLive(["order", id], () => getOrder(id));
}

/** What becomes of an order that is edited now, where it was pushed before. */
export function useChangeOutlook(order_id: string, enabled: boolean) {
  return useQuery({
    queryKey: ["change", order_id],
    queryFn: () => answer(api.GET("/api/v1/draft-orders/{order_id}/change", { params: { path: { order_id } } })),
    enabled,
  });
}

export function useTimeline(id: string) {
  const path = { order_id: id };
  return useLive(
    ["timeline", id],
    async () => (await answer(api.GET("/api/v1/draft-orders/{order_id}/timeline", { params: { path } }))).items,
  );
}

/** What would be sent for an order; over the default connector if none is named. */
export function usePreview(id: string, connection_id: string | undefined) {
  const params = { path: { order_id: id }, query: { connection_id } };
  return useQuery({
    queryKey: ["preview", id, connection_id],
    queryFn: () => answer(api.GET("/api/v1/draft-orders/{order_id}/preview", { params })),
  });
}

/** What an action on many orders would do, and where they would go. */
export function useBulkPreview(body: Schemas["BulkJobBody"], enabled: boolean) {
  const ask = () => answer(api.POST("/api/v1/bulk-jobs/preview", { body }));
  return useLive(["bulk-preview", body], ask, enabled);
}

export function useJobs(query: NonNullable<operations["list_bulk_jobs"]["parameters"]["query"]>) {
  return useLive(["jobs", query], () => answer(api.GET("/api/v1/bulk-jobs", { params: { query } })));
}

export function useJob(id: string) {
  const path = { job_id: id };
  return useLive(["job", id], () => answer(api.GET("/api/v1/bulk-jobs/{job_id}", { params: { path } })));
}

export function useJobResults(id: string, query: ResultQuery) {
  const params = { path: { job_id: id }, query };
  return useLive(["job-results", id, query], () => answer(api.GET("/api/v1/bulk-jobs/{job_id}/results", { params })));
}

export function useExports(query: ExportQuery) {
  return useLive(["exports", query], () => answer(api.GET("/api/v1/exports", { params: { query } })));
}

export function useAttempts(query: AttemptQuery) {
  return useLive(["attempts", query], () => answer(api.GET("/api/v1/push-log", { params: { query } })));
}

/** The last attempt of a connector that arrived; null: none did. */
export function useLastDelivery(connection_id: string) {
  const query = { connection_id, status: ["SUCCESS" as const], limit: 1 };
  return useQuery({
    queryKey: ["last-delivery", connection_id],
    queryFn: async () => (await answer(api.GET("/api/v1/push-log", { params: { query } }))).items[0] ?? null,
    staleTime: 60_000,
  });
}

export function useAttempt(id: string) {
  const path = { attempt_id: id };
  return useLive(["attempt", id], () => answer(api.GET("/api/v1/push-log/{attempt_id}", { params: { path } })));
}

export function useAuditLog(query: AuditQuery) {
  return useLive(["audit", query], () => answer(api.GET("/api/v1/audit-log", { params: { query } })));
}

export function useOrganization() {
  return useLive(["organization"], () => answer(api.GET("/api/v1/organization")));
}

export function useUsers(enabled: boolean) {
  return useLive(["users"], async () => (await answer(api.GET("/api/v1/users"))).items, enabled);
}

export function useKeys(enabled: boolean) {
  return useLive(["keys"], async () => (await answer(api.GET("/api/v1/api-keys"))).items, enabled);
}

export function useWebhooks() {
  return useLive(["webhooks"], async () => (await answer(api.GET("/api/v1/webhooks"))).items);
}

export function useWebhookAttempts(id: string, failed: boolean, cursor: string | undefined) {
  const query = { limit: 20, failed: failed || undefined, cursor };
  return useLive(["webhooks", id, query], () =>
    answer(api.GET("/api/v1/webhooks/{webhook_id}/attempts", { params: { path: { webhook_id: id }, query } })),
  );
}

interface ActionOptions<T> {
  /** Shown when it went well. */
  done?: string | ((result: T) => string | undefined);
  onDone?: (result: T) => void;
  /** The caller shows the error itself. */
  quiet?: boolean;
  onError?: (error: ApiError) => void;
}

/** A change: it cannot be started twice, everything shown is asked again after it, and errors are told. */
export function useAction<V, T>(act: (given: V) => Promise<T>, options: ActionOptions<T> = {}) {
  const client = useQueryClient();
  const busy = useRef(false);
  const mutation = useMutation<T, ApiError, V>({
    mutationFn: act,
    onSuccess: (result) => {
      const message = typeof options.done === "function" ? options.done(result) : options.done;
      if (message) notifications.show({ message, color: "teal" });
      options.onDone?.(result);
    },
    onError: (error) => {
      if (!options.quiet) tell(error);
      options.onError?.(error);
    },
    onSettled: () => {
      busy.current = false;
      return client.invalidateQueries();
    },
  });
  const run = (given: V) => {
    if (busy.current) return;
    busy.current = true;
    mutation.mutate(given);
  };
  return { ...mutation, run };
}

export function tell(error: ApiError): void {
  const fields = error.fields.map(({ field, message }) => `${field}: ${message}`);
  notifications.show({
    title: error.headline,
    message: [...fields, error.hint].filter(Boolean).join(" "),
    color: "red",
    autoClose: 12_000,
  });
}
