import { speak } from "./language/language";

// What follows says its texts while it is loaded, so the language comes first.
await speak();
(await import("./start")).start();
