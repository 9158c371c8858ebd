import { Trans } from "@lingui/react/macro";
import { Code, ScrollArea, Text } from "@mantine/core";

export function Json({ title, value }: { title: string; value: unknown }) {
  return (
    <>
      <Text size="xs" fw={600} mt="xs">
        {title}
      </Text>
      {value === null || value === undefined ? (
        <Text size="xs" c="dimmed">
          <Trans>none</Trans>
        </Text>
      ) : (
        <ScrollArea.Autosize mah={260} viewportProps={{ tabIndex: 0, role: "region", "aria-label": title }}>
          <Code block style={{ whiteSpace: "pre-wrap", overflowWrap: "anywhere" }}>
            {JSON.stringify(value, null, 2)}
          </Code>
        </ScrollArea.Autosize>
      )}
    </>
  );
}
