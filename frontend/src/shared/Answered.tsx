import { Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ErrorAlert } from "./ErrorAlert";

/** What was asked for, a placeholder while it is awaited, or the reason why it is not there. */
export function Answered<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined)
    return (
      <>
        {query.error && <ErrorAlert error={query.error} />}
        {children(query.data)}
      </>
    );
  if (query.error) return <ErrorAlert error={query.error} />;
  return (
    <Stack aria-busy="true">
      <Skeleton h={72} />
      <Skeleton h={72} />
      <Skeleton h={72} />
    </Stack>
  );
}
