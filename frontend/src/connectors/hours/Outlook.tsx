import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Table, Text } from "@mantine/core";
import type { Schemas } from "../../api/client";
import { dayText, minuteOf, spanText, wallText } from "./hours";

type Day = Schemas["HoursDay"];

/** What opening hours mean for the next days, as the server works it out, in their own time zone. */
export function Outlook({ preview, zone }: { preview: Schemas["HoursPreview"]; zone: string }) {
  const until = preview.changes_at ? t` until ${wallText(preview.changes_at)}` : "";
  return (
    <div>
      <Text size="sm" mb={4}>
        <Trans>
          <b>{preview.open_now ? t`Open now` : t`Closed now`}</b>
          {until}. Times are those of {zone}.
        </Trans>
      </Text>
      <Table verticalSpacing={2} withRowBorders={false} aria-label={t`The next days`}>
        <Table.Tbody>
          {preview.days.map((day) => (
            <Row key={day.date} day={day} />
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Row({ day }: { day: Day }) {
  const spans = day.open.map((each) => spanText(each, day.date)).join(", ");
  return (
    <Table.Tr>
      <Table.Td className="whole">{dayText(day.date)}</Table.Td>
      <Table.Td w="40%">
        <Bar day={day} />
      </Table.Td>
      <Table.Td className="numeric">
        {spans || (day.closed_because ? t`closed: ${day.closed_because}` : t`closed`)}
      </Table.Td>
    </Table.Tr>
  );
}

/** The day from midnight to midnight; what it shows stands beside it as text. */
function Bar({ day }: { day: Day }) {
  return (
    <div className="hours-day" aria-hidden>
      {day.open.map((span) => {
        const start = minuteOf(span.begins_at, day.date);
        const width = minuteOf(span.ends_at, day.date) - start;
        return (
          <div
            key={span.begins_at}
            className="hours-open"
            style={{ left: `${start / 14.4}%`, width: `${width / 14.4}%` }}
          />
        );
      })}
    </div>
  );
}
