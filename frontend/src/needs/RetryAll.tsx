import { t } from "@lingui/core/macro";
import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useConnectors } from "../api/queries";
import { useBulkJob } from "../jobs/useBulkJob";
import { count } from "../shared/format";
import { PushDialog } from "../orders/PushDialog";

/** Retry all orders that are in ERROR for one reason, once that is mended. */
export function RetryAll({ code, orders }: { code: string; orders: number }) {
  const [opened, { open, close }] = useDisclosure();
  const active = useConnectors().data?.filter(({ status }) => status === "ACTIVE");
  const retry = useBulkJob(close);
  const label = orders === 1 ? t`Retry it` : t`Retry all ${count(orders)}`;
  const what = { action: "retry" as const, filter: { error_code: code } };
  return (
    <>
      <Button size="xs" variant="light" disabled={!active} onClick={open} aria-label={`${label}: ${code}`}>
        {label}
      </Button>
      {opened && active && (
        <PushDialog
          what={what}
          label={t`Retry`}
          title={t`Retry all in ERROR: ${code}`}
          connectors={active}
          pending={retry.isPending}
          onPush={(way) => retry.run({ ...what, ...way })}
          onClose={close}
        />
      )}
    </>
  );
}
