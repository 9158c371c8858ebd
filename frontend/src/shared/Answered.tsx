import { Skeleton, Stack } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { isUnreachable } from "../api/client";
import { ErrorAlert } from "./ErrorAlert";

/** What was asked for, a placeholder while it is awaited, or the reason why it is not there. */
export function Answered<T>({ query, children }: { query: UseQueryResult<T>; children: (data: T) => ReactNode }) {
  const error = isUnreachable(query.error) ? null : query.error; // told once, above the page
  if (query.data !== undefined)
    return (
      <>
        {error && <ErrorAlert error={error} />}
        {children(query.data)}
      </>
    );
  if (error) return <ErrorAlert error={error} />;
  return (
    <Stack aria-busy="true">
      <Skeleton h={72} />
      <Skeleton h={72} />
      <Skeleton h={72} />
    </Stack>
  );
}
