import { Center, Loader } from "@mantine/core";
import { lazy, Suspense } from "react";
import { Route, Routes } from "react-router";
import { useSignedIn } from "./api/queries";
import { AppFrame } from "./frame/AppFrame";
import { NotFoundPage } from "./frame/NotFoundPage";
import { SignInPage } from "./frame/SignInPage";

const OverviewPage = lazy(() => import("./overview/OverviewPage"));
const ConnectorConfigPage = lazy(() => import("./connectors/ConnectorConfigPage"));
const OrdersPage = lazy(() => import("./orders/OrdersPage"));
const OrderPage = lazy(() => import("./orders/OrderPage"));
const DeliveriesPage = lazy(() => import("./deliveries/DeliveriesPage"));
const JobsPage = lazy(() => import("./jobs/JobsPage"));
const JobPage = lazy(() => import("./jobs/JobPage"));
const RoutesPage = lazy(() => import("./routes/RoutesPage"));
const AnalyticsPage = lazy(() => import("./analytics/AnalyticsPage"));
const ActivityPage = lazy(() => import("./activity/ActivityPage"));
const SettingsPage = lazy(() => import("./settings/SettingsPage"));

export function App() {
  if (!useSignedIn()) return <SignInPage />;
  return (
    <AppFrame>
      <Suspense fallback={<Waiting />}>
        <Routes>
          <Route index element={<OverviewPage />} />
          <Route path="connectors" element={<ConnectorConfigPage />} />
          <Route path="orders" element={<OrdersPage />} />
          <Route path="orders/:id" element={<OrderPage />} />
          <Route path="deliveries" element={<DeliveriesPage />} />
          <Route path="jobs" element={<JobsPage />} />
          <Route path="jobs/:id" element={<JobPage />} />
          <Route path="routes" element={<RoutesPage />} />
          <Route path="analytics" element={<AnalyticsPage />} />
          <Route path="activity" element={<ActivityPage />} />
          <Route path="settings" element={<SettingsPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </Suspense>
    </AppFrame>
  );
}

function Waiting() {
  return (
    <Center h="50vh">
      <Loader aria-label="Loading" />
    </Center>
  );
}
