import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Button, Center, Loader } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { Route, Routes } from "react-router";
import { lookForSession } from "./api/signIn";
import { useMe } from "./api/queries";
import { useSession } from "./api/session";
import { AppFrame } from "./frame/AppFrame";
import { NotFoundPage } from "./frame/NotFoundPage";
import { SignInAgain } from "./frame/SignInAgain";
import { SignInPage } from "./frame/SignInPage";
import { PageTitle } from "./shared/PageTitle";
import { ErrorAlert } from "./shared/ErrorAlert";

const OverviewPage = lazy(() => import("./overview/OverviewPage"));
const ConnectorConfigPage = lazy(() => import("./connectors/ConnectorConfigPage"));
const OrdersPage = lazy(() => import("./orders/OrdersPage"));
const OrderPage = lazy(() => import("./orders/OrderPage"));
const DeliveriesPage = lazy(() => import("./deliveries/DeliveriesPage"));
const JobsPage = lazy(() => import("./jobs/JobsPage"));
const JobPage = lazy(() => import("./jobs/JobPage"));
const CertificatesPage = lazy(() => import("./certificates/CertificatesPage"));
const RoutesPage = lazy(() => import("./routes/RoutesPage"));
const AnalyticsPage = lazy(() => import("./analytics/AnalyticsPage"));
const ActivityPage = lazy(() => import("./activity/ActivityPage"));
const BrowserNotices = lazy(() => import("./frame/BrowserNotices"));
const SecondFactor = lazy(() => import("./settings/SecondFactor"));
const SettingsPage = lazy(() => import("./settings/SettingsPage"));

export function App() {
  const session = useSession();
  const look = useQuery({ queryKey: ["session"], queryFn: lookForSession, enabled: session.is === "unknown" });
  if (session.is === "unknown") return look.error ? <ErrorAlert error={look.error} /> : <Waiting />;
  if (session.is === "out") return <SignInPage />;
  return (
    <AppFrame>
      {session.is === "expired" && <SignInAgain email={session.email} />}
      <Suspense>
        <BrowserNotices />
      </Suspense>
      <Pages />
    </AppFrame>
  );
}

function Pages() {
  const needed = useMe().data?.second_factor_needed ?? false;
  const [settingUp, setSettingUp] = useState(needed);
  if (needed && !settingUp) setSettingUp(true);
  if (settingUp) return <SecondFactorNeeded onDone={needed ? undefined : () => setSettingUp(false)} />;
  return (
    <Suspense fallback={<Waiting />}>
      <Routes>
        <Route index element={<OverviewPage />} />
        <Route path="connectors" element={<ConnectorConfigPage />} />
        <Route path="orders" element={<OrdersPage />} />
        <Route path="orders/:id" element={<OrderPage />} />
        <Route path="deliveries" element={<DeliveriesPage />} />
        <Route path="jobs" element={<JobsPage />} />
        <Route path="jobs/:id" element={<JobPage />} />
        <Route path="certificates" element={<CertificatesPage />} />
        <Route path="routes" element={<RoutesPage />} />
        <Route path="analytics" element={<AnalyticsPage />} />
        <Route path="activity" element={<ActivityPage />} />
        <Route path="settings" element={<SettingsPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Routes>
    </Suspense>
  );
}

/** Until it is set up, and its recovery codes were seen. */
function SecondFactorNeeded({ onDone }: { onDone?: () => void }) {
  return (
    <>
      <PageTitle about={t`Your organization wants one of everybody. You can go on once it is set up.`}>
        {t`Second factor`}
      </PageTitle>
      <Suspense fallback={<Waiting />}>
        <SecondFactor />
      </Suspense>
      {onDone && (
        <Button mt="md" onClick={onDone}>
          <Trans>Go on</Trans>
        </Button>
      )}
    </>
  );
}

function Waiting() {
  return (
    <Center h="50vh">
      <Loader aria-label={t`Loading`} />
    </Center>
  );
}
