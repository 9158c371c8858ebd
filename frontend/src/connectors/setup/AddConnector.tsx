import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import {
  Accordion,
  Badge,
  Group,
  Modal,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
  UnstyledButton,
} from "@mantine/core";
import { IconSearch } from "@tabler/icons-react";
import { useState } from "react";
import type { Schemas } from "../../api/client";
import type { Config } from "../form/schema";
import { byFamily, FAMILY_WORDS, matching } from "./families";
import { Sample, type SampleRead } from "./Sample";
import { TEMPLATES } from "./templates";

type Type = Schemas["ConnectorType"];

export interface Begun {
  type: string;
  config?: Config;
  read?: SampleRead;
}

interface Props {
  types: Type[];
  onChoose: (begun: Begun) => void;
  onClose: () => void;
}

/** How a connection begins: with a type, with a template, or with what the ERP reads. */
export function AddConnector({ types, onChoose, onClose }: Props) {
  const [wanted, setWanted] = useState("");
  const found = matching(types, wanted);
  const installed = new Set(types.map(({ type }) => type));
  const templates = TEMPLATES.filter(({ type }) => installed.has(type));
  return (
    <Modal opened onClose={onClose} title={t`What is to be connected?`} size="xl">
      <Stack>
        <Accordion variant="separated" multiple>
          <Accordion.Item value="sample">
            <Accordion.Control>
              <Trans>Begin with a sample of what the ERP reads</Trans>
            </Accordion.Control>
            <Accordion.Panel>
              <Sample onRead={(read) => onChoose({ type: read.connector_type, config: read.config, read })} />
            </Accordion.Panel>
          </Accordion.Item>
          <Accordion.Item value="templates">
            <Accordion.Control>
              <Trans>Begin with a template</Trans>
            </Accordion.Control>
            <Accordion.Panel>
              <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
                {templates.map(({ type, name, about, config }) => (
                  <Choice key={name} name={name} about={about} kind={type} onClick={() => onChoose({ type, config })} />
                ))}
              </SimpleGrid>
            </Accordion.Panel>
          </Accordion.Item>
        </Accordion>
        <TextInput
          aria-label={t`Find a kind`}
          placeholder={t`Find, as SAP, CSV, OAuth`}
          leftSection={<IconSearch size={16} />}
          data-autofocus
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        {byFamily(found).map(([family, members]) => (
          <section key={family} aria-label={FAMILY_WORDS[family]}>
            <Title order={3} size="h6" c="dimmed" mb={6}>
              {FAMILY_WORDS[family]}
            </Title>
            <SimpleGrid cols={{ base: 1, xs: 2 }} spacing="xs">
              {members.map(({ type, display_name, about }) => (
                <Choice key={type} name={display_name} about={about} kind={type} onClick={() => onChoose({ type })} />
              ))}
            </SimpleGrid>
          </section>
        ))}
        {found.length === 0 && (
          <Text size="sm" c="dimmed">
            <Trans>
              Nothing of that name is installed. REST_JSON reaches any API over HTTP, TEMPLATE_DOCUMENT writes any text.
            </Trans>
          </Text>
        )}
      </Stack>
    </Modal>
  );
}

function Choice({ name, about, kind, onClick }: { name: string; about: string; kind: string; onClick: () => void }) {
  return (
    <UnstyledButton className="choice" onClick={onClick}>
      <Group justify="space-between" gap={4} wrap="nowrap" align="flex-start">
        <Text size="sm" fw={600}>
          {name}
        </Text>
        <Badge variant="default" size="xs" radius="sm">
          {kind}
        </Badge>
      </Group>
      <Text size="xs" c="dimmed">
        {about}
      </Text>
    </UnstyledButton>
  );
}
