import { Button, Group, Text } from "@mantine/core";
import { IconChevronLeft, IconChevronRight } from "@tabler/icons-react";
import { useState } from "react";

export interface Cursor {
  current: string | undefined;
  page: number;
  next: (cursor: string) => void;
  back: () => void;
}

/** Where we stand in a list that is paged by cursor; back at the first page when `filter` changes. */
export function useCursor(filter: string): Cursor {
  const [at, setAt] = useState<{ filter: string; trail: string[] }>({ filter, trail: [] });
  const trail = at.filter === filter ? at.trail : [];
  return {
    current: trail.at(-1),
    page: trail.length + 1,
    next: (cursor) => setAt({ filter, trail: [...trail, cursor] }),
    back: () => setAt({ filter, trail: trail.slice(0, -1) }),
  };
}

export function Pager({ cursor, next }: { cursor: Cursor; next: string | null | undefined }) {
  if (cursor.page === 1 && !next) return null;
  return (
    <Group justify="flex-end" mt="md" gap="xs">
      <Text size="sm" c="dimmed" className="numeric">
        Page {cursor.page}
      </Text>
      <Button
        variant="default"
        size="xs"
        leftSection={<IconChevronLeft size={14} />}
        disabled={cursor.page === 1}
        onClick={cursor.back}
      >
        Newer
      </Button>
      <Button
        variant="default"
        size="xs"
        rightSection={<IconChevronRight size={14} />}
        disabled={!next}
        onClick={() => next && cursor.next(next)}
      >
        Older
      </Button>
    </Group>
  );
}
