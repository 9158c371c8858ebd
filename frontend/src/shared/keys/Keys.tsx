import { t } from "@lingui/core/macro";
import { Kbd, Modal, Table } from "@mantine/core";
import { useEffect, useState } from "react";
import { isForPage, KEYS, press } from "./keys";

/** The page's keys, and the list of them. */
export function Keys() {
  const [opened, setOpened] = useState(false);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!isForPage(event) || event.key === "Enter") return;
      if (event.key === "?") setOpened(true);
      else if (!press(event.key)) return;
      event.preventDefault();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  return (
    <Modal opened={opened} onClose={() => setOpened(false)} title={t`Keys`}>
      <Table>
        <Table.Tbody>
          {KEYS.map(([key, what]) => (
            <Table.Tr key={key}>
              <Table.Td w={80}>
                <Kbd>{key}</Kbd>
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  );
}
