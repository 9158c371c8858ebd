import { t } from "@lingui/core/macro";

interface Type {
  type: string;
  display_name: string;
}

export type Described<T extends Type = Type> = T & { about: string };

const FAMILIES = ["The ERP's API", "Files", "EDI", "For tests", "Installed beside"] as const;
type Family = (typeof FAMILIES)[number];

export const FAMILY_WORDS: Record<Family, string> = {
  "The ERP's API": t`The ERP's API`,
  Files: t`Files`,
  EDI: t`EDI`,
  "For tests": t`For tests`,
  "Installed beside": t`Installed beside`,
};

const KNOWN: Record<string, [family: Family, about: string]> = {
  REST_JSON: ["The ERP's API", t`Any API over HTTP: you describe request and answer. OAuth2, keys, mutual TLS.`],
  SAP_ODATA: ["The ERP's API", t`Sales orders in S/4HANA by its OData API.`],
  SAP_RFC: ["The ERP's API", t`Sales orders in SAP ERP or S/4HANA by its BAPI, over SOAP.`],
  BUSINESS_CENTRAL: ["The ERP's API", t`Sales orders in Dynamics 365 Business Central by its API.`],
  ODOO: ["The ERP's API", t`Quotations or orders in Odoo by its API.`],
  TRYTON: ["The ERP's API", t`Sales in Tryton by its API.`],
  DROPZONE_CSV_V1: ["Files", t`A CSV file by a mapping of your own: SFTP, FTP, folder, bucket, HTTP, AS2.`],
  DROPZONE_JSON_V1: ["Files", t`Our own documented JSON file, over every channel.`],
  TEMPLATE_DOCUMENT: ["Files", t`Any text, JSON or XML by a template of your own.`],
  EDIFACT_ORDERS: ["EDI", t`ORDERS D.96A or EANCOM; reads CONTRL, APERAK, ORDRSP.`],
  X12_850: ["EDI", t`850; reads 997, 999, 855, 865.`],
  UBL_ORDER: ["EDI", t`UBL and Peppol orders; reads their responses.`],
  SAP_IDOC: ["EDI", t`ORDERS05 as XML or flat; reads STATUS, ALEAUD, ORDRSP.`],
  MOCK: ["For tests", t`Answers as you tell it; nothing leaves this server.`],
};

function described<T extends Type>(type: T): Described<T> {
  return { ...type, about: KNOWN[type.type]?.[1] ?? "" };
}

/** The types in whose name or description every word of what is wanted stands. */
export function matching<T extends Type>(types: readonly T[], wanted: string): Described<T>[] {
  const words = wanted.toLowerCase().split(/\s+/).filter(Boolean);
  return types.map(described).filter(({ type, display_name, about }) => {
    const text = `${type} ${display_name} ${about}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

export function byFamily<T extends Type>(types: readonly T[]): [Family, T[]][] {
  const familyOf = ({ type }: T): Family => KNOWN[type]?.[0] ?? "Installed beside";
  return FAMILIES.map((family): [Family, T[]] => [family, types.filter((type) => familyOf(type) === family)]).filter(
    ([, members]) => members.length > 0,
  );
}
