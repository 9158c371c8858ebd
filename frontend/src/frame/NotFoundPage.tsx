import { t } from "@lingui/core/macro";
import { Trans } from "@lingui/react/macro";
import { Anchor } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link, useLocation } from "react-router";
import { Empty } from "../shared/Empty";
import { PageTitle } from "../shared/PageTitle";

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <>
      <PageTitle>{t`Not found`}</PageTitle>
      <Empty icon={IconMapQuestion} title={t`There is no such page`}>
        <Trans>
          Nothing is at <code>{pathname}</code>. Go to the{" "}
          <Anchor component={Link} to="/">
            overview
          </Anchor>
          .
        </Trans>
      </Empty>
    </>
  );
}
