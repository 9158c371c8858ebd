import { Text } from "@mantine/core";
import { fieldLabel, fieldText } from "./orderFields";

interface Change {
  path: readonly string[];
  before: unknown;
  after: unknown;
}

/** Fields of an order, each as it was and as it is. */
export function Fields({ changes }: { changes: Change[] }) {
  return changes.map(({ path, before, after }) => (
    <Text key={path.join(".")} size="sm" style={{ overflowWrap: "anywhere" }}>
      {fieldLabel(path)}: <s>{fieldText(before, path)}</s> → <b>{fieldText(after, path)}</b>
    </Text>
  ));
}
