import { Trans } from "@lingui/react/macro";
import { Button, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useLocation, useSearchParams } from "react-router";
import { Answered } from "./Answered";
import { after, before, placed, placeOf, type Place } from "./place";

export interface Cursor extends Place {
  goTo: (place: Place) => void;
}

/** Where we stand in a list that is paged by cursor: in the address, so that Back and a reload lead there. */
export function useCursor(): Cursor {
  const [params, setParams] = useSearchParams();
  const { state } = useLocation() as { state: { trail?: string[] } | null };
  const place = placeOf(params, state?.trail);
  return {
    ...place,
    goTo: (next) => setParams((present) => placed(present, next), { state: { trail: next.trail } }),
  };
}

interface PagedProps<T> {
  query: UseQueryResult<{ items: T[]; next_cursor?: string | null }>;
  cursor: Cursor;
  /** Shown where there is nothing. */
  none: ReactNode;
  children: (items: T[]) => ReactNode;
}

/** A page of a list, and the way to the others; while the page before still stands there, its next one leads nowhere. */
export function Paged<T>({ query, cursor, none, children }: PagedProps<T>) {
  return (
    <Answered query={query}>
      {({ items, next_cursor }) => (
        <>
          {items.length === 0 ? none : children(items)}
          <Pager cursor={cursor} next={query.isPlaceholderData ? undefined : next_cursor} />
        </>
      )}
    </Answered>
  );
}

function Pager({ cursor, next }: { cursor: Cursor; next: string | null | undefined }) {
  if (cursor.page === 1 && !next) return null;
  return (
    <Group justify="flex-end" mt="md" gap="xs">
      <Text size="sm" c="dimmed" className="numeric">
        <Trans>Page {cursor.page}</Trans>
      </Text>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconChevronLeft size={14} />}
        disabled={cursor.page === 1}
        onClick={() => cursor.goTo(before(cursor))}
      >
        <Trans>Newer</Trans>
      </Button>
      <Button
        variant="default"
        size="xs"
        rightSection={<IconChevronRight size={14} />}
        disabled={!next}
        onClick={() => next && cursor.goTo(after(cursor, next))}
      >
        <Trans>Older</Trans>
      </Button>
    </Group>
  );
}
