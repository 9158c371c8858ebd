import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";
import type { ReactNode } from "react";

/** Ask before something that cannot be taken back. */
export function confirm(title: string, what: ReactNode, label: string, act: () => void): void {
  modals.openConfirmModal({
    title,
    centered: true,
    children: typeof what === "string" ? <Text size="sm">{what}</Text> : what,
    labels: { confirm: label, cancel: "Cancel" },
    confirmProps: { color: "red" },
    onConfirm: act,
  });
}
