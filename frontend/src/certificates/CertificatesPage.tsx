import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor, Group, Table, Text, Tooltip } from "@mantine/core";
import { IconCertificate } from "@tabler/icons-react";
import { Link } from "react-router";
import { useCertificates } from "../api/queries";
import { Answered } from "../shared/Answered";
import { Copy } from "../shared/Copied";
import { Empty } from "../shared/Empty";
import { day } from "../shared/format";
import { Head, type Column } from "../shared/Head";
import { ListTable } from "../shared/ListTable";
import { PageTitle } from "../shared/PageTitle";
import { StateBadge } from "../shared/states";
import { useNow } from "../shared/useNow";
import { HOLDERS, leftText, shortName, stateOf, type Certificate } from "./certificate";

/** What connectors and their ERPs know each other by, what ends first before all others. */
export default function CertificatesPage() {
  const certificates = useCertificates();
  return (
    <>
      <PageTitle
        about={t`What connectors and their ERPs know each other by; you are told 30 days before one ends that none follows`}
      >{t`Certificates`}</PageTitle>
      <Answered query={certificates}>
        {(items) =>
          items.length === 0 ? (
            <None />
          ) : (
            <ListTable head={<Head columns={COLUMNS} />}>
              {items.map((one, at) => (
                <Row key={`${one.connector_id} ${one.field} ${at}`} one={one} />
              ))}
            </ListTable>
          )
        }
      </Answered>
    </>
  );
}

const COLUMNS: Column[] = [
  [t`Connector`],
  [t`Whose`, { visibleFrom: "sm" }],
  [t`Certificate or key`, { visibleFrom: "sm" }],
  [t`Valid`],
  [t`State`],
];

function Row({ one }: { one: Certificate }) {
  const state = stateOf(one, useNow());
  return (
    <Table.Tr>
      <Table.Td>
        <Anchor component={Link} to={`/connectors#${one.connector_id}`} fw={600}>
          {one.connector_name}
        </Anchor>
        {!one.active && (
          <Text size="xs" c="dimmed">
            <Trans>Disabled</Trans>
          </Text>
        )}
        <Text size="xs" hiddenFrom="sm">
          {HOLDERS[one.holder]} {shortName(one.name)}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        {HOLDERS[one.holder]}
        <Text size="xs" c="dimmed">
          {one.label}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <Known one={one} />
      </Table.Td>
      <Table.Td className="numeric">
        {one.valid_until ? (
          <>
            <span className="whole">{day(one.valid_from)} –</span> <span className="whole">{day(one.valid_until)}</span>
            <Text size="xs" c="dimmed">
              {leftText(one.days_left ?? 0)}
            </Text>
          </>
        ) : (
          "–"
        )}
      </Table.Td>
      <Table.Td>
        <StateBadge {...state} />
        {one.in_use && one.name && (
          <Text size="xs" c="dimmed">
            <Trans>In use now</Trans>
          </Text>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

/** Whom it names and who vouches for it, and the fingerprint by which two people compare it. */
function Known({ one: { name, issuer, fingerprint, algorithm } }: { one: Certificate }) {
  const by = issuer && issuer !== name ? t`issued by ${shortName(issuer)}` : undefined;
  return (
    <>
      {name && (
        <Tooltip label={name} multiline maw={420}>
          <Text span size="sm" style={{ overflowWrap: "anywhere" }}>
            {shortName(name)}
          </Text>
        </Tooltip>
      )}
      <Text size="xs" c="dimmed">
        {[by, algorithm].filter(Boolean).join(" · ")}
      </Text>
      {fingerprint && (
        <Group gap={4} wrap="nowrap">
          <Text size="xs" className="mono" truncate maw={220} title={fingerprint}>
            {fingerprint}
          </Text>
          <Copy value={fingerprint} what={t`the fingerprint`} />
        </Group>
      )}
    </>
  );
}

function None() {
  return (
    <Empty icon={IconCertificate} title={t`No connector has a certificate or a host key`}>
      <Trans>They are among a connector's settings: of AS2, of TLS, of signing in, and of SSH servers.</Trans>
    </Empty>
  );
}
