import { t } from "@lingui/core/macro";
import { SegmentedControl, Stack } from "@mantine/core";
import { useEffect, useRef, useState, type ReactNode } from "react";
import { useMay } from "../../api/queries";
import { ConfigPreview } from "../ConfigPreview";
import type { Config } from "../form/schema";
import { Guide } from "./Guide";

interface Props {
  type: string;
  config: Config;
  id?: string;
  /** How the test and the saving went. */
  result: ReactNode;
}

const WAYS = [
  { value: "preview", label: t`Preview` },
  { value: "guide", label: t`Guide` },
];

/** Beside the form, at every step: how the test went, what would be sent, and what the docs say. */
export function Beside({ type, config, id, result }: Props) {
  const may = useMay();
  const [way, setWay] = useState("preview");
  const place = useRef<HTMLDivElement>(null);
  useShownAtTheTop(place);
  return (
    <aside className="setup-beside" aria-label={t`Test, preview and guide`}>
      <Stack gap="sm">
        <div ref={place} className="setup-result">
          {result}
        </div>
        <SegmentedControl data={WAYS} value={way} onChange={setWay} aria-label={t`Beside the form`} />
        {way === "guide" && <Guide type={type} />}
        {way === "preview" && may("CONNECTORS_TEST") && <ConfigPreview type={type} config={config} id={id} />}
      </Stack>
    </aside>
  );
}

/** On a narrow screen the result stands below the form: what is new in it is scrolled into view. */
function useShownAtTheTop(place: React.RefObject<HTMLDivElement | null>) {
  useEffect(() => {
    const watched = place.current;
    if (!watched) return;
    const observer = new MutationObserver(() => {
      if (watched.childElementCount) watched.scrollIntoView({ block: "nearest" });
    });
    observer.observe(watched, { childList: true });
    return () => observer.disconnect();
  }, [place]);
}
