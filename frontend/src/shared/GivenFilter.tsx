import { t } from "@lingui/core/macro";
import { Button } from "@mantine/core";
import type { Filters } from "./useFilters";

/** A filter that a link gave, and that can only be removed. */
export function GivenFilter({ filters, name, color }: { filters: Filters; name: string; color: string }) {
  const given = filters.one(name);
  if (!given) return null;
  return (
    <Button
      variant="light"
      color={color}
      rightSection="×"
      onClick={() => filters.set({ [name]: null })}
      aria-label={t`Remove the filter ${given}`}
    >
      {given}
    </Button>
  );
}
