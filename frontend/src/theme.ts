import { t } from "@lingui/core/macro";
import { createTheme, DEFAULT_THEME, type CSSVariablesResolver } from "@mantine/core";

const CLOSE = { "aria-label": t`Close` };
/** A title may be a file's name: it is broken rather than pushing the button that closes out of the screen. */
const WHOLE = { minWidth: 0, overflowWrap: "anywhere", lineHeight: 1.3 } as const;

export const theme = createTheme({
  primaryColor: "indigo",
  respectReducedMotion: true,
  primaryShade: { light: 7, dark: 7 },
  defaultRadius: "md",
  cursorType: "pointer",
  fontFamily: 'Inter, "Segoe UI", system-ui, -apple-system, "Liberation Sans", sans-serif',
  headings: { fontWeight: "650" },
  components: {
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Notification: { defaultProps: { closeButtonProps: CLOSE } },
    Modal: {
      defaultProps: { centered: true, closeButtonProps: CLOSE },
      styles: { title: { fontWeight: 650, ...WHOLE } },
    },
    Drawer: {
      defaultProps: { position: "right", size: "xl", closeButtonProps: CLOSE },
      styles: { title: { fontSize: "var(--mantine-font-size-lg)", fontWeight: 650, ...WHOLE } },
    },
    InputWrapper: { defaultProps: { inputWrapperOrder: ["label", "input", "description", "error"] } },
    PasswordInput: { defaultProps: { visibilityToggleButtonProps: { "aria-label": t`Show or hide the password` } } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 200 } },
    Table: { defaultProps: { verticalSpacing: 6, highlightOnHover: true } },
    TableScrollContainer: { defaultProps: { type: "native" } },
    Loader: { defaultProps: { role: "status" } },
    Anchor: { defaultProps: { size: "sm" } },
    Checkbox: { defaultProps: { radius: "sm" } },
    Card: { defaultProps: { withBorder: true, padding: "lg" } },
    Badge: { styles: { root: { minWidth: "fit-content" }, label: { textTransform: "none", fontWeight: 600 } } },
  },
});

/** Mantine's soft tones are too faint for small text (WCAG 2.1, 1.4.3); these are the same hues with contrast. */
export const readable: CSSVariablesResolver = () => {
  const names = Object.keys(DEFAULT_THEME.colors).filter((name) => name !== "dark");
  const tones = (tone: (name: string) => string) =>
    Object.fromEntries(names.map((name) => [`--mantine-color-${name}-light-color`, tone(name)]));
  return {
    variables: {},
    light: {
      "--mantine-color-dimmed": "#55606e",
      "--mantine-color-placeholder": "#6b7480",
      "--mantine-color-error": "#c92a2a",
      "--mantine-color-anchor": "var(--mantine-color-indigo-8)",
      "--page-background": "#f6f7f9",
      ...tones((name) => `color-mix(in srgb, var(--mantine-color-${name}-9), black 38%)`),
    },
    dark: {
      "--mantine-color-dimmed": "#a6a9ad",
      "--mantine-color-placeholder": "#9a9da1",
      "--mantine-color-error": "#ff8787",
      "--mantine-color-anchor": "var(--mantine-color-indigo-3)",
      "--page-background": "#191a1c",
      ...tones((name) => `var(--mantine-color-${name}-2)`),
    },
  };
};
