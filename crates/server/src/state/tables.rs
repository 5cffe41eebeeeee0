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
];
