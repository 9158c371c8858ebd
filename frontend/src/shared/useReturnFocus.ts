import { useEffect } from "react";

/** A dialog that is not closed but taken away whole gives the focus back to where it was. */
export function useReturnFocus(): void {
  useEffect(() => {
    const before = document.activeElement;
    return () => {
      if (before instanceof HTMLElement) window.setTimeout(() => before.focus());
    };
  }, []);
}
