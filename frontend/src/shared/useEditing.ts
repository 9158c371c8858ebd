import { t } from "@lingui/core/macro";
import { useRef } from "react";
import { confirm } from "./confirm";
import { useReturnFocus } from "./useReturnFocus";

/** A form in a panel: what was typed is not thrown away without a question. */
export function useEditing(onClose: () => void) {
  useReturnFocus();
  const typed = useRef(false);
  const asking = useRef(false);
  const close = () => {
    if (!typed.current) return onClose();
    if (asking.current) return;
    asking.current = true;
    // The Escape that ends the question reaches the panel as well; then it is still being asked.
    const answered = () => window.setTimeout(() => (asking.current = false));
    confirm(t`Discard your changes?`, t`What you typed is not saved yet.`, t`Discard`, onClose, { onClose: answered });
  };
  return { close, onChange: () => (typed.current = true) };
}
