"""Templates: any text (JSON, XML, a form) that an ERP takes, written by a text with fields in it."""
