import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { ActionIcon, Anchor, Breadcrumbs, Button, Card, Grid, Group, Stack, Table, Text, Title } from "@mantine/core";
import { IconChevronLeft, IconChevronRight, IconEdit, IconPrinter } from "@tabler/icons-react";
import { Fragment, useState } from "react";
import { Link, useNavigate, useParams } from "react-router";
import { useOrder, useTimeline, type ExactOrder } from "../api/queries";
import { Answered } from "../shared/Answered";
import { Copy } from "../shared/Copied";
import { decimal } from "../shared/format";
import { ListTable } from "../shared/ListTable";
import { Moment } from "../shared/Moment";
import { byLine } from "./confirmed";
import { Accepted, ConfirmedCell, DiffersBadge } from "./Differences";
import { DocumentButton } from "./DocumentButton";
import { HoldsBadge } from "./Holds";
import { EraseButton, OrderActions } from "./OrderActions";
import { OrderEditor } from "./OrderEditor";
import {
  ADJUSTMENTS,
  fieldLabel,
  fieldText,
  HEADER,
  LONG_FIELDS,
  PARTIES,
  TEXTS_BY_NAME,
  SHORT_FIELDS,
  type HeaderField,
} from "./orderFields";
import { addressText, adjustmentsText, customerText, erpNumberText, moreOfLine } from "./orderText";
import { PageTitle } from "../shared/PageTitle";
import { PreviewButton } from "../shared/Preview";
import { OrderBadge } from "../shared/states";
import { Parties } from "./Parties";
import { Reasons } from "./Reasons";
import { Revisions } from "./Revisions";
import { Timeline } from "./Timeline";
import { neighbours, trail } from "./trail";
import { UnreadableBadge } from "./UnreadableAlert";

export default function OrderPage() {
  const { id = "" } = useParams();
  const order = useOrder(id);
  const timeline = useTimeline(id);
  return (
    <Answered query={order}>
      {(data) => (
        <Fragment key={data.id}>
          <Heading order={data} />
          <Grid gutter="md">
            <Grid.Col span={{ base: 12, md: 7 }}>
              <Stack>
                <Reasons order={data} />
                <Facts order={data} />
                <Lines order={data} />
                <Parties order={data} />
                <Revisions orderId={data.id} revisions={data.revisions} />
              </Stack>
            </Grid.Col>
            <Grid.Col span={{ base: 12, md: 5 }}>
              <Card component="section" aria-label={t`Timeline`} className="unprinted">
                <Title order={2} size="h5" mb="md">
                  <Trans>Timeline</Trans>
                </Title>
                <Answered query={timeline}>{(events) => <Timeline events={events} />}</Answered>
              </Card>
            </Grid.Col>
          </Grid>
        </Fragment>
      )}
    </Answered>
  );
}

const EDITED = new Set(["NEEDS_REVIEW", "READY", "APPROVED"]);

function Heading({ order }: { order: ExactOrder }) {
  const [editing, setEditing] = useState(false);
  const name = order.external_order_number ?? order.id.slice(0, 8);
  const latest = order.latest_export;
  const states = (
    <>
      <OrderBadge status={order.status} />
      <HoldsBadge holds={order.holds} />
      <UnreadableBadge answer={order.unreadable_answer} />
      <DiffersBadge differs={order.differs} />
    </>
  );
  const actions = (
    <>
      {latest?.filename && <DocumentButton delivery={latest} />}
      {(!latest || latest.status === "FAILED" || EDITED.has(order.status)) && <PreviewButton orderId={order.id} />}
      {order.actions.includes("edit") && (
        <Button variant="default" leftSection={<IconEdit size={16} />} data-key="e" onClick={() => setEditing(true)}>
          <Trans>Edit</Trans>
        </Button>
      )}
      <OrderActions
        id={order.id}
        actions={order.actions}
        name={name}
        version={order.version}
        former={latest?.connection_id}
      />
      {order.erasable && <EraseButton id={order.id} name={name} />}
    </>
  );
  return (
    <>
      <Group justify="space-between" mb="xs">
        <Breadcrumbs>
          <Anchor component={Link} to={trail().address} size="sm">
            <Trans>Orders</Trans>
          </Anchor>
          <Text size="sm">{name}</Text>
        </Breadcrumbs>
        <Group gap={4}>
          <ActionIcon variant="default" aria-label={t`Print`} onClick={() => window.print()}>
            <IconPrinter size={16} />
          </ActionIcon>
          <Neighbours id={order.id} />
        </Group>
      </Group>
      <PageTitle beside={states} actions={actions}>
        {name}
      </PageTitle>
      {editing && <OrderEditor order={order} onClose={() => setEditing(false)} />}
    </>
  );
}

/** The ways to the orders before and after this one in the list that one came from. */
function Neighbours({ id }: { id: string }) {
  const navigate = useNavigate();
  const { before, after } = neighbours(trail().ids, id);
  if (!before && !after) return null;
  const way = (to: string | undefined, label: string, key: string, Icon: typeof IconChevronLeft) => (
    <ActionIcon
      variant="default"
      aria-label={label}
      data-key={key}
      disabled={!to}
      onClick={() => void navigate(`/orders/${to}`, { replace: true })}
    >
      <Icon size={16} />
    </ActionIcon>
  );
  return (
    <Group gap={4}>
      {way(before, t`Order before`, "k", IconChevronLeft)}
      {way(after, t`Next order`, "j", IconChevronRight)}
    </Group>
  );
}

type Fact = [string, React.ReactNode];

function Facts({ order }: { order: ExactOrder }) {
  const fact = (name: HeaderField): Fact => [
    HEADER[name].label,
    HEADER[name].input === "date" && order[name] ? fieldText(order[name], [name]) : order[name],
  ];
  const facts: Fact[] = [
    [t`Customer`, customerText(order.customer)],
    [t`Number in the ERP`, copied(erpNumberText(order), order.erp_order_id, t`the number in the ERP`)],
    ...SHORT_FIELDS.filter((name) => name !== "external_order_number").map(fact),
    ...TEXTS_BY_NAME.filter(isNoParty).map((name): Fact => [fieldLabel([name]), addressText(order[name])]),
    ...ADJUSTMENTS.map((name): Fact => [fieldLabel([name]), adjustmentsText(order[name], order.currency)]),
    [t`Source`, order.source_document.file_name],
    [
      t`Approved`,
      order.approved_at && (
        <>
          <Trans>
            <Moment at={order.approved_at} /> by {order.approved_by}
          </Trans>
        </>
      ),
    ],
    [t`Differences accepted`, order.confirmed?.accepted_at && <Accepted confirmed={order.confirmed} />],
    ...LONG_FIELDS.map(fact),
    [t`Order id`, copied(<span className="mono">{order.id}</span>, order.id, t`the order's id`)],
  ];
  return (
    <Card>
      <Title order={2} size="h5" mb="sm">
        <Trans>Order</Trans>
      </Title>
      <Grid gutter="xs">
        {facts
          .filter(([, value]) => value)
          .map(([label, value]) => (
            <Grid.Col key={label} span={{ base: 12, xs: 6 }}>
              <Text size="xs" c="dimmed">
                {label}
              </Text>
              <Text size="sm" component="div" style={{ overflowWrap: "anywhere" }}>
                {value}
              </Text>
            </Grid.Col>
          ))}
      </Grid>
    </Card>
  );
}

const isNoParty = (name: (typeof TEXTS_BY_NAME)[number]) => !(PARTIES as readonly string[]).includes(name);

/** What is shown, and a button that copies what it stands for. */
function copied(shown: React.ReactNode, value: string | null, what: string): React.ReactNode {
  if (!shown || !value) return shown;
  return (
    <>
      {shown} <Copy value={value} what={what} />
    </>
  );
}

function Lines({ order: { lines, currency, confirmed: said } }: { order: ExactOrder }) {
  const confirmed = said && byLine(said);
  return (
    <ListTable
      title={t`Lines`}
      head={
        <>
          <Table.Th>#</Table.Th>
          <Table.Th>
            <Trans>Article</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Quantity</Trans>
          </Table.Th>
          <Table.Th ta="right">
            <Trans>Unit price</Trans>
          </Table.Th>
          {confirmed && (
            <Table.Th ta="right">
              <Trans>Confirmed</Trans>
            </Table.Th>
          )}
        </>
      }
    >
      {lines.map((line) => (
        <Table.Tr key={line.line_no}>
          <Table.Td className="numeric">{line.line_no}</Table.Td>
          <Table.Td>
            <Text size="sm" fw={600}>
              {line.internal_sku ?? (
                <Text span c="red" size="sm">
                  <Trans>no article number</Trans>
                </Text>
              )}
            </Text>
            <Text size="xs" c="dimmed">
              {[line.description, line.customer_sku_raw].filter(Boolean).join(" · ")}
            </Text>
            <Text size="xs" c="dimmed">
              {moreOfLine(line, currency)}
            </Text>
          </Table.Td>
          <Table.Td ta="right" className="numeric">
            {decimal(line.qty)} {line.uom}
          </Table.Td>
          <Table.Td ta="right" className="numeric">
            {decimal(line.unit_price, 2)} {line.currency ?? currency}
          </Table.Td>
          {confirmed && (
            <Table.Td ta="right" className="numeric">
              <ConfirmedCell line={line} confirmed={confirmed} currency={currency} />
            </Table.Td>
          )}
        </Table.Tr>
      ))}
    </ListTable>
  );
}
