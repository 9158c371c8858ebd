import { Tooltip } from "@mantine/core";
import { useNow } from "./useNow";

const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const ABSOLUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

export function ago(seconds: number): string {
  for (const [unit, size] of STEPS)
    if (Math.abs(seconds) >= size) return RELATIVE.format(-Math.trunc(seconds / size), unit);
  if (Math.abs(seconds) < 5) return "just now";
  return RELATIVE.format(-Math.round(seconds), "second");
}

/** A moment as people say it, exact on hover; `absolute` the other way round. */
export function Moment({ at, absolute }: { at: string | null | undefined; absolute?: boolean }) {
  const now = useNow();
  if (!at) return <span>–</span>;
  const date = new Date(at);
  const exact = ABSOLUTE.format(date);
  const relative = ago((now - date.getTime()) / 1000);
  return (
    <Tooltip label={absolute ? relative : exact}>
      <time dateTime={at} className="numeric whole">
        {absolute ? exact : relative}
      </time>
    </Tooltip>
  );
}
