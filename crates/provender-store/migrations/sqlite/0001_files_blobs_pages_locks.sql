-- Times are RFC 3339 in UTC, digests 64 lower-case hexadecimal digits.

-- What is known of the files of releases, whether they are stocked or not.
CREATE TABLE files (
    index_name      TEXT NOT NULL,
    filename        TEXT NOT NULL,
    project         TEXT NOT NULL,
    version         TEXT NOT NULL,
    -- The version as it is compared: 1.0 and 1.0.0 are one release.
    release         TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    size            INTEGER,
    upload_time     TEXT,
    requires_python TEXT,
    -- The reason, empty where none was given; null where the file is not yanked.
    yanked          TEXT,
    metadata_sha256 TEXT,
    url             TEXT,
    PRIMARY KEY (index_name, filename)
) STRICT;

CREATE INDEX files_by_release ON files (index_name, project, release);
CREATE INDEX files_by_sha256 ON files (sha256);

-- A row is written only after the blob is there for good.
CREATE TABLE blobs (
    sha256   TEXT NOT NULL PRIMARY KEY,
    size     INTEGER NOT NULL,
    modified TEXT NOT NULL,
    damaged  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Pages of upstream indexes as they were answered.
CREATE TABLE pages (
    upstream      TEXT NOT NULL,
    project       TEXT NOT NULL,
    etag          TEXT,
    last_modified TEXT,
    fetched_at    TEXT NOT NULL,
    fresh_until   TEXT NOT NULL,
    body          BLOB NOT NULL,
    PRIMARY KEY (upstream, project)
) STRICT;

CREATE TABLE locks (
    name       TEXT NOT NULL PRIMARY KEY,
    kind       TEXT NOT NULL,
    format     TEXT NOT NULL,
    target     TEXT,
    stocked_at TEXT NOT NULL,
    text       TEXT NOT NULL
) STRICT;

CREATE TABLE lock_files (
    lock_name TEXT NOT NULL REFERENCES locks (name) ON DELETE CASCADE,
    sha256    TEXT NOT NULL,
    PRIMARY KEY (lock_name, sha256)
) STRICT, WITHOUT ROWID;

CREATE INDEX lock_files_by_sha256 ON lock_files (sha256);

-- One row: how often files or blobs changed.
CREATE TABLE generation (
    value INTEGER NOT NULL
) STRICT;

INSERT INTO generation (value) VALUES (0);
