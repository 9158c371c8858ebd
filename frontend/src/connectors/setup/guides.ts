import { BASE } from "../../api/base";

/** The page of the docs about each type of connector. */
const GUIDES: Record<string, string> = {
  BUSINESS_CENTRAL: "connector-business-central",
  DROPZONE_CSV_V1: "connector-dropzone-csv",
  DROPZONE_JSON_V1: "dropzone",
  EDIFACT_ORDERS: "connector-edifact",
  MOCK: "connector-mock",
  ODOO: "connector-odoo",
  REST_JSON: "connector-rest-json",
  SAP_IDOC: "connector-idoc",
  SAP_ODATA: "connector-sap",
  SAP_RFC: "connector-sap-rfc",
  TEMPLATE_DOCUMENT: "connector-template",
  TRYTON: "connector-tryton",
  UBL_ORDER: "connector-ubl",
  X12_850: "connector-x12",
};

/** Where the docs about a type are; those of others' connectors are not ours to know. */
export function guideOf(type: string): string {
  return `${BASE}/docs/${GUIDES[type] ?? "connectors"}.html`;
}

export const GUIDE_PAGES = Object.values(GUIDES);
