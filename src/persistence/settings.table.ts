/** `settings`: the few facts that belong to the database as a whole, such as the key of the fingerprints. */
export interface SettingsTable {
  /** What it is, as `room.name`. Primary key. */
  key: string;
  value: string;
}
