import { Tooltip } from "@mantine/core";
import type { Bar } from "./bars";

interface Props {
  bars: Bar[];
  /** What it shows, for who cannot see it. */
  label: string;
  /** Times, not what failed. */
  times?: boolean;
  /** As wide as there is room, and each bar tells what it stands for. */
  wide?: boolean;
}

/** Bars over the period, in a small picture. */
export function Spark({ bars, label, times = false, wide = false }: Props) {
  const kinds = ["spark", times && "spark-times", wide && "spark-wide"].filter(Boolean).join(" ");
  return (
    <div className={kinds} role="img" aria-label={label}>
      {bars.map((bar) => (wide ? <Told key={bar.at} bar={bar} /> : <Drawn key={bar.at} bar={bar} />))}
    </div>
  );
}

function Told({ bar }: { bar: Bar }) {
  return (
    <Tooltip label={bar.text}>
      <span className="spark-stretch">
        <Drawn bar={bar} />
      </span>
    </Tooltip>
  );
}

function Drawn({ bar: { height, part } }: { bar: Bar }) {
  return (
    <span className="spark-bar" style={{ height: `${height}%` }}>
      <span style={{ height: height ? `${(100 * part) / height}%` : 0 }} />
    </span>
  );
}
