//! What every place for blobs and every database must do: one suite for each, run over all of them.
//!
//! A suite is made of statements, functions that are named as they would be said. The macros
//! [`blobs_conformance`](crate::blobs_conformance) and
//! [`database_conformance`](crate::database_conformance) make a test of each, over something fresh.

#[expect(missing_docs, reason = "the name of a statement says what it states")]
pub mod blobs;
#[expect(missing_docs, reason = "the name of a statement says what it states")]
pub mod database;
#[expect(clippy::expect_used, reason = "the texts are constants of the suite")]
mod records;

/// What a statement comes to: it panics where it does not hold, and fails where it got no answer.
pub type Outcome = Result<(), crate::StoreError>;

/// Makes a test of each statement of the suite for blobs.
///
/// The argument names an async function without parameters that returns a fresh, empty place for
/// blobs, and a temporary folder whose files can be kept there.
#[macro_export]
macro_rules! blobs_conformance {
    ($fresh:path) => {
        $crate::blobs_conformance! { $fresh:
            what_was_kept_can_be_read,
            a_range_is_read_as_far_as_the_blob_has_it,
            what_was_not_kept_is_not_there,
            an_empty_file_can_be_kept,
            keeping_again_heals,
            a_kept_file_is_no_longer_temporary,
            what_was_removed_is_missing,
            an_open_blob_can_be_read_to_its_end_though_it_is_removed,
            all_blobs_are_listed_by_digest,
            many_may_keep_the_same_file_at_once,
        }
    };
    ($fresh:path: $($statement:ident,)*) => {
        $(
            #[tokio::test]
            async fn $statement() {
                let (blobs, folder) = $fresh().await;
                $crate::conformance::blobs::$statement(&blobs, folder.path()).await.unwrap();
            }
        )*
    };
}

/// Makes a test of each statement of the suite for databases.
///
/// The argument names an async function without parameters that returns a fresh, empty database,
/// and whatever has to live as long as it.
#[macro_export]
macro_rules! database_conformance {
    ($fresh:path) => {
        $crate::database_conformance! { $fresh:
            a_file_is_read_as_it_was_written,
            credentials_are_not_written,
            a_release_is_replaced_as_a_whole,
            a_file_of_another_release_is_refused,
            versions_are_compared_and_not_spelled,
            many_releases_are_found_at_once,
            indexes_do_not_see_each_others_files,
            a_file_is_present_while_its_blob_is_recorded_and_intact,
            only_present_projects_and_files_are_listed,
            files_are_found_by_their_digest,
            removed_files_are_forgotten,
            blobs_are_recorded_as_they_were_kept,
            a_blob_is_unnamed_that_is_no_file_no_metadata_and_in_no_lock,
            a_page_is_read_as_it_was_written,
            a_page_that_is_still_right_keeps_its_body,
            a_lock_is_replaced_with_what_it_needs,
            a_removed_lock_needs_nothing,
            the_generation_grows_with_every_difference_and_no_other,
            many_may_write_at_once,
            a_fresh_database_is_sound,
        }
    };
    ($fresh:path: $($statement:ident,)*) => {
        $(
            #[tokio::test]
            async fn $statement() {
                let (database, _alive) = $fresh().await;
                $crate::conformance::database::$statement(&database).await.unwrap();
            }
        )*
    };
}
