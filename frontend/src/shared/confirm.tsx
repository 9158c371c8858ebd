import { t } from "@lingui/core/macro";
import { Text } from "@mantine/core";
import { modals } from "@mantine/modals";

interface Options {
  /** Of the button that does it. */
  color?: string;
  /** Called in either case. */
  onClose?: () => void;
}

/** Ask before something that cannot be taken back; what is no harm has another `color`. */
export function confirm(
  title: string,
  what: string,
  label: string,
  act: () => void,
  { color = "red.9", onClose }: Options = {},
): void {
  modals.openConfirmModal({
    title,
    children: <Text size="sm">{what}</Text>,
    labels: { confirm: label, cancel: t`Cancel` },
    confirmProps: { color },
    onConfirm: act,
    onClose,
  });
}
