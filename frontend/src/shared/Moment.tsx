import { Tooltip } from "@mantine/core";
import { ago } from "./ago";
import { useNow } from "./useNow";
import { readersLocale } from "../language/language";

const ABSOLUTE = new Intl.DateTimeFormat(readersLocale(), { dateStyle: "medium", timeStyle: "medium" });

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
