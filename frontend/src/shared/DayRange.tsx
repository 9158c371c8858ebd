import { t } from "@lingui/core/macro";
import { TextInput } from "@mantine/core";
import type { Filters } from "./useFilters";

/** Days from and to, both included, kept in the address. */
export function DayRange({ filters }: { filters: Filters }) {
  const day = (name: "since" | "until", label: string) => (
    <TextInput
      label={label}
      type="date"
      w={145}
      value={filters.one(name) ?? ""}
      onChange={(event) => filters.set({ [name]: event.currentTarget.value })}
    />
  );
  return (
    <>
      {day("since", t`From`)}
      {day("until", t`To`)}
    </>
  );
}
