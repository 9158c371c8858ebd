import { t } from "@lingui/core/macro";
import { Badge, Text, UnstyledButton } from "@mantine/core";
import { STEP_WORDS, type Step } from "./steps";

interface Props {
  steps: readonly Step[];
  current: Step;
  faults: Map<Step, number>;
  onChoose: (step: Step) => void;
}

/** The steps of a set-up: where one is, and where something is wrong. */
export function StepList({ steps, current, faults, onChoose }: Props) {
  return (
    <nav aria-label={t`Steps`}>
      <ol className="steps">
        {steps.map((step, at) => {
          const [name, about] = STEP_WORDS[step];
          const wrong = faults.get(step);
          return (
            <li key={step}>
              <UnstyledButton
                className="step"
                aria-current={step === current ? "step" : undefined}
                onClick={() => onChoose(step)}
              >
                <span className="step-number" aria-hidden>
                  {at + 1}
                </span>
                <span>
                  <Text span size="sm" fw={600} display="block">
                    {name}
                  </Text>
                  <Text span size="xs" c="dimmed" visibleFrom="md">
                    {about}
                  </Text>
                </span>
                {wrong && (
                  <Badge color="red" size="sm" aria-label={t`${wrong} to correct`}>
                    {wrong}
                  </Badge>
                )}
              </UnstyledButton>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}
