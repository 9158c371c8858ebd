import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Button, Card, Fieldset, Group, Stack, Text } from "@mantine/core";
import type { ArrayFieldItemTemplateProps, ArrayFieldTemplateProps } from "@rjsf/utils";
import { IconArrowDown, IconArrowUp, IconTrash, type Icon } from "@tabler/icons-react";
import { createContext } from "react";

/** Which entry of a list a field is in: the first one's help texts do for all. */
export const EntryNumber = createContext<number | undefined>(undefined);

export function ArrayTemplate({
  title,
  schema,
  items,
  canAdd,
  onAddClick,
  rawErrors,
  disabled,
}: ArrayFieldTemplateProps) {
  return (
    <Fieldset legend={title} variant="filled">
      <Stack gap="xs">
        {schema.description && (
          <Text size="xs" c="dimmed">
            {schema.description}
          </Text>
        )}
        {items}
        {rawErrors?.map((error) => (
          <Text key={error} size="xs" c="red">
            {error}
          </Text>
        ))}
        {canAdd && (
          <Button variant="default" size="xs" onClick={onAddClick} disabled={disabled} style={{ alignSelf: "start" }}>
            <Trans>Add</Trans>
          </Button>
        )}
      </Stack>
    </Fieldset>
  );
}

export function ArrayItem({ children, buttonsProps: buttons, index, totalItems }: ArrayFieldItemTemplateProps) {
  const entry = t`entry ${index + 1}`;
  return (
    <Card padding="xs">
      <Group wrap="nowrap" gap="xs" align="flex-start">
        <div style={{ flex: 1, minWidth: 0 }}>
          <EntryNumber value={index}>{children}</EntryNumber>
        </div>
        <Group gap={2} wrap="nowrap" mt={22}>
          {totalItems > 1 && (
            <Tool
              icon={IconArrowUp}
              label={t`Move ${entry} up`}
              onClick={buttons.onMoveUpItem}
              off={!buttons.hasMoveUp}
            />
          )}
          {totalItems > 1 && (
            <Tool
              icon={IconArrowDown}
              label={t`Move ${entry} down`}
              onClick={buttons.onMoveDownItem}
              off={!buttons.hasMoveDown}
            />
          )}
          {buttons.hasRemove && (
            <Tool icon={IconTrash} label={t`Remove ${entry}`} onClick={buttons.onRemoveItem} color="red" />
          )}
        </Group>
      </Group>
    </Card>
  );
}

export function Tool({
  icon: Icon,
  label,
  onClick,
  off,
  color = "gray",
}: {
  icon: Icon;
  label: string;
  onClick: () => void;
  off?: boolean;
  color?: string;
}) {
  return (
    <ActionIcon variant="subtle" color={color} aria-label={label} disabled={off} onClick={onClick}>
      <Icon size={16} />
    </ActionIcon>
  );
}
