//! `.dockerignore`: a list of what goes in, so that nothing goes in unseen.

use super::{BUILD_CONSTRAINTS, Facts};

pub(super) fn render(facts: &Facts<'_>) -> String {
    let mut text = "\
# Nothing goes into the image but what is named here; a new folder of the application has to be named here and in the
# Dockerfile.
*
"
    .to_owned();
    let mut taken = vec![facts.lock.file.as_str()];
    if facts.pins_build() {
        taken.push(BUILD_CONSTRAINTS);
    }
    taken.extend(facts.certificates.iter().map(|file| file.path.as_str()));
    taken.extend(facts.runtime.sources.iter().map(String::as_str));
    for path in taken {
        text.push_str(&format!("!{path}\n"));
    }
    text.push_str(
        "
# And of that not these.
**/.*
**/__pycache__
**/*.py[co]
**/*.key
**/node_modules
",
    );
    text
}
