import { Trans } from "@lingui/react/macro";
import { Button, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconFilter } from "@tabler/icons-react";
import { Fragment, type ReactNode } from "react";
import type { Filters } from "./useFilters";

interface Props {
  filters: Filters;
  /** What is in sight where there is room for it: not on a phone. */
  usual: ReactNode;
  /** What is folded away until somebody asks for it, by its name in the address. */
  rare?: Record<string, ReactNode>;
}

/** Filters that leave room for the list. */
export function MoreFilters({ filters, usual, rare = {} }: Props) {
  const [opened, { toggle }] = useDisclosure(Object.keys(rare).some((name) => filters.one(name)));
  const given = opened ? 0 : filters.narrowing;
  return (
    <>
      <div className="usual-filters" data-opened={opened || undefined}>
        {usual}
      </div>
      <Button
        hiddenFrom={Object.keys(rare).length ? undefined : "xs"}
        variant="default"
        px="sm"
        leftSection={<IconFilter size={16} />}
        aria-expanded={opened}
        onClick={toggle}
      >
        <Trans>More filters</Trans>
        {given > 0 && (
          <Text span inherit hiddenFrom="xs" ml={4}>
            ({given})
          </Text>
        )}
      </Button>
      {opened && Object.entries(rare).map(([name, filter]) => <Fragment key={name}>{filter}</Fragment>)}
    </>
  );
}
