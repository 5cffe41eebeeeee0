//! The tables of the state, by name. What is here is in files of users: entries are added, never changed.
//!
//! Times are microseconds since the Unix epoch, UTC.

/// Each group of tables with the statements that make it.
pub(super) const TABLES: &[(&str, &str)] = &[
    (
        "projects",
        "CREATE TABLE projects (
            entity TEXT NOT NULL,
            project TEXT NOT NULL,
            -- null while the project is only one of the lake's that something was written to
            created_at INTEGER,
            description TEXT,
            PRIMARY KEY (entity, project)
        ) STRICT",
    ),
    (
        "runs",
        // Only what rows are found by stands in columns; the written fields, most of which most runs lack, are one text.
        "CREATE TABLE runs (
            entity TEXT NOT NULL,
            project TEXT NOT NULL,
            run_id TEXT NOT NULL,
            -- null when the run is one of the source
            created_at INTEGER,
            -- the run is gone for ever, and its id with it
            deleted_at INTEGER,
            -- a JSON object of the written fields
            fields TEXT NOT NULL,
            PRIMARY KEY (entity, project, run_id),
            FOREIGN KEY (entity, project) REFERENCES projects (entity, project)
        ) STRICT",
    ),
    (
        "signing",
        // So that addresses that were signed before a restart are good after it.
        "CREATE TABLE signing (secret BLOB NOT NULL) STRICT",
    ),
    (
        "blobs",
        "CREATE TABLE blobs (
            -- in hexadecimal digits; the name of the file in the folder of blobs
            sha256 TEXT PRIMARY KEY,
            -- in base64, as clients ask for it
            md5 TEXT NOT NULL,
            size_bytes INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX blobs_by_md5 ON blobs (md5)",
    ),
    (
        "files",
        "CREATE TABLE files (
            entity TEXT NOT NULL,
            project TEXT NOT NULL,
            run_id TEXT NOT NULL,
            name TEXT NOT NULL,
            -- null when a file of the source was deleted
            blob TEXT REFERENCES blobs (sha256),
            updated_at INTEGER NOT NULL,
            PRIMARY KEY (entity, project, run_id, name)
        ) STRICT;
        CREATE INDEX files_by_blob ON files (blob)",
    ),
    (
        "artifacts",
        "CREATE TABLE collections (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            entity TEXT NOT NULL,
            project TEXT NOT NULL,
            name TEXT NOT NULL,
            type TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            UNIQUE (entity, project, name)
        ) STRICT;
        CREATE TABLE artifacts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            collection INTEGER NOT NULL REFERENCES collections (id),
            -- null until it is committed
            version_index INTEGER,
            -- PENDING, COMMITTED or DELETED
            state TEXT NOT NULL,
            -- of the manifest, as its client made it
            digest TEXT NOT NULL,
            description TEXT,
            -- JSON text
            metadata TEXT,
            -- the run of the collection's project that made it
            run_id TEXT,
            history_step INTEGER,
            -- what makes a repeated call known
            client_id TEXT UNIQUE,
            -- a JSON list of the aliases that it takes when it is committed
            wanted_aliases TEXT NOT NULL,
            manifest TEXT REFERENCES blobs (sha256),
            size_bytes INTEGER NOT NULL DEFAULT 0,
            file_count INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            UNIQUE (collection, version_index)
        ) STRICT;
        CREATE INDEX artifacts_by_digest ON artifacts (collection, digest);
        CREATE TABLE artifact_aliases (
            collection INTEGER NOT NULL REFERENCES collections (id),
            alias TEXT NOT NULL,
            artifact INTEGER NOT NULL REFERENCES artifacts (id),
            PRIMARY KEY (collection, alias)
        ) STRICT;
        CREATE INDEX artifact_aliases_by_artifact ON artifact_aliases (artifact);
        CREATE TABLE artifact_tags (
            artifact INTEGER NOT NULL REFERENCES artifacts (id),
            tag TEXT NOT NULL,
            PRIMARY KEY (artifact, tag)
        ) STRICT;
        CREATE TABLE artifact_files (
            artifact INTEGER NOT NULL REFERENCES artifacts (id),
            path TEXT NOT NULL,
            -- in base64
            md5 TEXT NOT NULL,
            -- null until the artifact is committed
            blob TEXT REFERENCES blobs (sha256),
            PRIMARY KEY (artifact, path)
        ) STRICT;
        CREATE INDEX artifact_files_by_blob ON artifact_files (blob);
        CREATE INDEX artifact_files_by_md5 ON artifact_files (md5);
        CREATE TABLE artifact_runs (
            entity TEXT NOT NULL,
            project TEXT NOT NULL,
            run_id TEXT NOT NULL,
            artifact INTEGER NOT NULL REFERENCES artifacts (id),
            -- 1 when the run made it, 0 when it uses it
            is_output INTEGER NOT NULL,
            used_as TEXT,
            created_at INTEGER NOT NULL,
            PRIMARY KEY (entity, project, run_id, artifact, is_output)
        ) STRICT;
        CREATE INDEX artifact_runs_by_artifact ON artifact_runs (artifact)",
    ),
];
