import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./page.css";
import { i18n } from "@lingui/core";
import { I18nProvider } from "@lingui/react";
import { MantineProvider } from "@mantine/core";
import { ModalsProvider } from "@mantine/modals";
import { Notifications } from "@mantine/notifications";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { BrowserRouter } from "react-router";
import { BASE } from "./api/base";
import { ApiError } from "./api/client";
import { App } from "./App";
import { readable, theme } from "./theme";

const fault = (error: unknown) => error instanceof ApiError && error.status >= 400 && error.status < 500;

const client = new QueryClient({
  defaultOptions: { queries: { retry: (count, error) => count < 2 && !fault(error), staleTime: 1_000 } },
});

export function start(): void {
  const root = document.getElementById("root");
  if (root)
    createRoot(root).render(
      <StrictMode>
        <I18nProvider i18n={i18n}>
          <MantineProvider theme={theme} cssVariablesResolver={readable} defaultColorScheme="auto">
            <QueryClientProvider client={client}>
              <Notifications position="bottom-left" />
              <ModalsProvider>
                <BrowserRouter basename={BASE}>
                  <App />
                </BrowserRouter>
              </ModalsProvider>
            </QueryClientProvider>
          </MantineProvider>
        </I18nProvider>
      </StrictMode>,
    );
}
