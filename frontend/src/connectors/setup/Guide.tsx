import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Group, Loader, Text, TypographyStylesProvider } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef } from "react";
import { guideOf } from "./guides";
import { articleOf } from "./article";

/** The page of the docs about a type of connector, read beside the form. */
export function Guide({ type }: { type: string }) {
  const address = guideOf(type);
  const guide = useQuery({
    queryKey: ["guide", address],
    queryFn: () => read(address),
    staleTime: Infinity,
    retry: false,
  });
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (guide.data) place.current?.replaceChildren(guide.data.cloneNode(true));
  }, [guide.data]);
  if (guide.isPending)
    return (
      <Group justify="center" p="md">
        <Loader aria-label={t`Loading the guide`} size="sm" />
      </Group>
    );
  if (!guide.data)
    return (
      <Text size="sm" c="dimmed">
        <Trans>
          The docs are not part of this installation. They are in the released package and the container image; in a
          checkout “make docs” builds them.
        </Trans>
      </Text>
    );
  return (
    <>
      <Anchor href={address} target="_blank" size="xs">
        <Trans>
          Open in a tab of its own <IconExternalLink size={12} />
        </Trans>
      </Anchor>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- what scrolls has to be reached by the keyboard */}
      <div className="guide" tabIndex={0} role="region" aria-label={t`Guide`}>
        <TypographyStylesProvider>
          <div ref={place} />
        </TypographyStylesProvider>
      </div>
    </>
  );
}

async function read(address: string): Promise<Element | null> {
  const response = await fetch(address);
  return response.ok ? articleOf(await response.text(), address) : null;
}
