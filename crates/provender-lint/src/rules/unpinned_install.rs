//! Distributions that are installed into an image in whichever version there is that day.

use provender_core::Level;

use super::Rule;
use super::bypass::assignments;
use crate::facts::{Home, Word};
use crate::finding::Finding;
use crate::pip::{Install, is_unpinned};
use crate::source::File;

/// `lint/unpinned-install`.
pub(crate) struct UnpinnedInstall;

impl Rule for UnpinnedInstall {
    fn id(&self) -> &'static str {
        "lint/unpinned-install"
    }

    fn level(&self) -> Level {
        Level::Note
    }

    fn summary(&self) -> &'static str {
        "an image installs whichever version there is today"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/unpinned-install.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        let constrained = assignments(file).iter().any(|assignment| {
            matches!(
                assignment.name,
                "PIP_CONSTRAINT" | "UV_CONSTRAINT" | "PIP_NO_INDEX" | "UV_NO_INDEX"
            )
        });
        if file.dockerfile.is_none() || constrained {
            return;
        }
        for command in &file.facts.commands {
            if !matches!(command.home, Home::Run { .. }) {
                continue;
            }
            let Some(install) = Install::of(command) else { continue };
            if !install.constraint_files.is_empty()
                || install.has(&["--no-index", "--require-hashes"])
            {
                continue;
            }
            let unpinned: Vec<&Word> = install
                .requirements
                .iter()
                .copied()
                .filter(|word| is_unpinned(word) && !is_installer(&word.text))
                .collect();
            let Some((first, others)) = unpinned.split_first() else { continue };
            let message = match others.len() {
                0 => format!("`{}` is installed without a version", first.text),
                more => format!("`{}` and {more} more are installed without a version", first.text),
            };
            let mut finding = Finding::new(
                self.id(),
                self.level(),
                first.span.clone(),
                message,
                "whichever there is on the day of the build",
            )
            .because(
                "the same Dockerfile gives another image tomorrow, with a release that \
                 nobody has looked at",
            )
            .hint(
                "lock what the image needs (`provender lock`) and install the lock: `pip \
                 install --require-hashes -r constraints.txt`",
            );
            finding
                .also
                .extend(others.iter().map(|word| (word.span.clone(), "this as well".to_owned())));
            findings.push(finding);
        }
    }
}

/// pip and what it builds with are brought up to date rather than depended on.
fn is_installer(requirement: &str) -> bool {
    matches!(requirement, "pip" | "setuptools" | "wheel")
}

#[cfg(test)]
mod tests {
    use super::UnpinnedInstall;
    use crate::rules::proof::{found, messages};

    fn of(line: &str) -> Vec<String> {
        let text = format!("FROM python:3.12\nRUN {line}\n");
        messages(&UnpinnedInstall, &[("Dockerfile", &text)])
    }

    #[test]
    fn a_name_alone_is_found() {
        assert_eq!(
            of("pip install --no-cache-dir flask"),
            ["`flask` is installed without a version"]
        );
        assert_eq!(
            of("uv pip install --system flask gunicorn==22 uvicorn[standard]"),
            ["`flask` and 1 more are installed without a version"]
        );
        assert_eq!(of("pipx install poetry").len(), 1);
        let text = "FROM python:3.12\nRUN pip install flask django\n";
        let findings = found(&UnpinnedInstall, &[("Dockerfile", text)]);
        assert_eq!(&text[findings[0].also[0].0.clone()], "django");
    }

    #[test]
    fn pins_files_and_constraints_are_enough() {
        for line in [
            "pip install flask==3.0.0",
            "pip install flask~=3.0",
            "pip install \"flask==$VERSION\"",
            "pip install $PACKAGES",
            "pip install -r requirements.txt",
            "pip install -c constraints.txt flask",
            "pip install -e . ./lib dist/*.whl",
            "pip install --no-index --find-links=/wheels flask",
            "pip install -U pip setuptools wheel",
            "PIP_CONSTRAINT=/c.txt pip install flask",
            "pip install git+https://git.example/x",
            "echo pip install flask",
        ] {
            assert_eq!(of(line), [""; 0], "{line}");
        }
    }

    #[test]
    fn a_script_on_a_machine_is_left_alone_and_an_image_can_be_allowed() {
        assert_eq!(messages(&UnpinnedInstall, &[("a.sh", "pip install flask\n")]), [""; 0]);
        let text = "FROM python:3.12\n\
                    # provender: allow lint/unpinned-install -- a throwaway tool\n\
                    RUN pip install flask\n";
        assert_eq!(messages(&UnpinnedInstall, &[("Dockerfile", text)]), [""; 0]);
    }
}
