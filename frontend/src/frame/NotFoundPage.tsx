import { Anchor } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { Link, useLocation } from "react-router";
import { Empty } from "../shared/Empty";
import { PageTitle } from "../shared/PageTitle";

export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <>
      <PageTitle>Not found</PageTitle>
      <Empty icon={IconMapQuestion} title="There is no such page">
        Nothing is at <code>{pathname}</code>. Go to the{" "}
        <Anchor component={Link} to="/">
          overview
        </Anchor>
        .
      </Empty>
    </>
  );
}
