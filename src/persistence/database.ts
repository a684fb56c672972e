/** `settings`: the few facts about the database as a whole, such as the id of the fingerprints' key. */
export interface SettingsTable {
  /** `module.name`. Primary key. */
  key: string;
  value: string;
}

/**
 * Every table by its name, as Kysely types queries. Each `*.table.ts` adds its own tables (`declare module`), so that
 * this module knows none of the features.
 */
export interface DatabaseSchema {
  settings: SettingsTable;
}
