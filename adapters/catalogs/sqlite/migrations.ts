/**
 * The schema of the catalog, as the ordered list of what changed it: entry N leads to `user_version` N + 1. Entries are
 * never edited once they were published; a change is a new entry.
 */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE locks (
     vm_key TEXT PRIMARY KEY,
     hold_id TEXT NOT NULL,
     run TEXT NOT NULL,
     procedure TEXT NOT NULL,
     owner TEXT NOT NULL CHECK (json_valid(owner)),
     taken_at TEXT NOT NULL,
     ttl_ms INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;

   CREATE TABLE points (
     id TEXT PRIMARY KEY,
     run TEXT NOT NULL,
     vm TEXT NOT NULL,
     vm_key TEXT NOT NULL,
     hypervisor TEXT NOT NULL,
     snapshot TEXT NOT NULL,
     created_at TEXT NOT NULL,
     kind TEXT NOT NULL,
     mode TEXT NOT NULL,
     grade TEXT NOT NULL,
     reasons TEXT NOT NULL CHECK (json_valid(reasons)),
     outage TEXT CHECK (json_valid(outage)),
     note TEXT,
     evidence TEXT NOT NULL CHECK (json_valid(evidence))
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX points_by_vm ON points (vm, created_at);

   CREATE TABLE runs (
     id TEXT PRIMARY KEY,
     procedure TEXT NOT NULL,
     vm TEXT NOT NULL,
     started_at TEXT NOT NULL,
     ended_at TEXT,
     outcome TEXT,
     error TEXT CHECK (json_valid(error)),
     point TEXT
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX runs_by_vm ON runs (vm, started_at);

   CREATE TABLE holds (
     id TEXT PRIMARY KEY,
     run TEXT NOT NULL,
     vm TEXT NOT NULL,
     vm_key TEXT NOT NULL,
     profile TEXT NOT NULL,
     held_at TEXT NOT NULL,
     ttl_ms INTEGER NOT NULL,
     state TEXT NOT NULL,
     evidence TEXT NOT NULL CHECK (json_valid(evidence))
   ) STRICT, WITHOUT ROWID;`,
  'ALTER TABLE points ADD COLUMN drills TEXT CHECK (json_valid(drills))',
]

/** `application_id` in the file's header: tells a catalog from any other SQLite file. */
export const APPLICATION_ID = 0x73_74_69_6c
