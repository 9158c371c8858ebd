import { t } from "@lingui/core/macro";
import type { Schemas } from "../api/client";
import { count } from "../shared/format";

/** What was asked for over the period, and what of it failed, in a small picture. */
export function Spark({ series }: { series: Schemas["Stretch"][] }) {
  const most = Math.max(1, ...series.map(({ requested }) => requested));
  const failed = series.reduce((sum, each) => sum + each.failed, 0);
  return (
    <div className="spark" role="img" aria-label={t`At most ${count(most)} at once, ${count(failed)} failed`}>
      {series.map((each, at) => (
        <span key={at} style={{ height: `${(100 * each.requested) / most}%` }}>
          <span style={{ height: each.requested ? `${(100 * each.failed) / each.requested}%` : 0 }} />
        </span>
      ))}
    </div>
  );
}
