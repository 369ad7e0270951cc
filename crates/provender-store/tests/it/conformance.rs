//! The suites over blobs on a disk and over SQLite.

mod disk {
    use provender_store::DiskBlobs;
    use tempfile::TempDir;

    async fn fresh() -> (DiskBlobs, TempDir) {
        let folder = TempDir::new().unwrap();
        (DiskBlobs::new(folder.path().join("blobs")), folder)
    }

    provender_store::blobs_conformance!(fresh);
}

mod sqlite {
    use provender_store::SqliteDatabase;
    use tempfile::TempDir;

    async fn fresh() -> (SqliteDatabase, TempDir) {
        let folder = TempDir::new().unwrap();
        let database = SqliteDatabase::open(&folder.path().join("provender.db")).await.unwrap();
        (database, folder)
    }

    provender_store::database_conformance!(fresh);
}
