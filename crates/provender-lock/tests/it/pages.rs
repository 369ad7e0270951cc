//! How often an index is asked for its pages.

use provender_test::{Caching, Fault};

use crate::project::Project;

const CHAIN: &str = r#"
[a]
"1.0" = { requires = ["b"] }
[b]
"1.0" = { requires = ["c"] }
[c]
"1.0" = { requires = ["d"] }
[d]
"1.0" = {}
"#;

#[test]
fn a_first_lock_asks_for_each_page_once() {
    let project = Project::new(CHAIN, "a\n");
    project.lock(&project.request()).unwrap();
    for name in ["a", "b", "c", "d"] {
        assert_eq!(project.index.http().count(&format!("/simple/{name}/")), 1, "{name}");
    }
}

#[test]
fn pages_that_must_not_be_kept_are_asked_for_twice_at_the_start_at_most() {
    let project = Project::new(CHAIN, "a\n");
    project.index.set_caching(Caching::MaxAge(0));
    project.lock(&project.request()).unwrap();
    for name in ["b", "c", "d"] {
        assert_eq!(project.index.http().count(&format!("/simple/{name}/")), 1, "{name}");
    }
}

#[test]
fn an_index_that_fails_is_not_asked_again_by_another_way() {
    let project = Project::new(CHAIN, "a\n");
    let mut request = project.request();
    project.index.http().fail("/simple/b/", Fault::Status(500));
    let mut asked = Vec::new();
    // The first finds nothing remembered and the second something.
    for _ in 0..2 {
        project.index.http().forget_requests();
        request.refresh = true;
        let failure = project.lock(&request).unwrap_err();
        assert_eq!(failure.diagnostic.rule, "lock/index-status");
        asked.push(project.index.http().count("/simple/b/"));
    }
    assert_eq!(asked[0], asked[1]);
}
