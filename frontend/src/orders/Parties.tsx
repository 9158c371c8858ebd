import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Card, SimpleGrid, Text, Title } from "@mantine/core";
import type { ExactOrder } from "../api/queries";
import { fieldLabel, PARTIES } from "./orderFields";
import { addressLines } from "./orderText";

/** Who orders, who gets the goods and who pays: each as an address is written. */
export function Parties({ order }: { order: ExactOrder }) {
  const there = PARTIES.map((name) => [name, addressLines(order[name])] as const).filter(([, lines]) => lines.length);
  if (there.length === 0) return null;
  return (
    <Card component="section" aria-label={t`Addresses and parties`}>
      <Title order={2} size="h5" mb="sm">
        <Trans>Addresses and parties</Trans>
      </Title>
      <SimpleGrid cols={{ base: 1, xs: 2, sm: Math.min(there.length, 3) }} spacing="md">
        {there.map(([name, lines]) => (
          <div key={name}>
            <Text size="xs" c="dimmed">
              {fieldLabel([name])}
            </Text>
            <Text size="sm" component="address" fs="normal" style={{ overflowWrap: "anywhere" }}>
              {lines.map((line, at) => (
                <span key={at}>
                  {line}
                  <br />
                </span>
              ))}
            </Text>
          </div>
        ))}
      </SimpleGrid>
    </Card>
  );
}
