//! CA certificates named `.pem` where only `.crt` is read.

use provender_core::Level;

use super::Rule;
use crate::dockerfile::Dockerfile;
use crate::facts::{Command, Home, Word};
use crate::finding::{Edit, Finding, Fix, Needs};
use crate::image::anchors::{is_alpine, written};
use crate::image::copying::{Copying, within};
use crate::image::network::rebuilds_trust;
use crate::image::shipped;
use crate::source::File;

/// `lint/ca-pem-ignored`.
pub(crate) struct CaPemIgnored;

const FOLDER: &str = "/usr/local/share/ca-certificates";

impl Rule for CaPemIgnored {
    fn id(&self) -> &'static str {
        "lint/ca-pem-ignored"
    }

    fn level(&self) -> Level {
        Level::Warning
    }

    fn summary(&self) -> &'static str {
        "a CA certificate is named so that `update-ca-certificates` does not read it"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/ca-pem-ignored.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        match &file.dockerfile {
            Some(dockerfile) => self.check_image(file, dockerfile, findings),
            None => {
                let mut commands = file.facts.commands.iter().filter(|command| is_script(command));
                if commands.clone().any(rebuilds) && !commands.any(is_apk) {
                    for command in file.facts.commands.iter().filter(|command| is_script(command)) {
                        self.check_command(file, command, findings);
                    }
                }
            }
        }
    }
}

impl CaPemIgnored {
    fn check_image(&self, file: &File, dockerfile: &Dockerfile, findings: &mut Vec<Finding>) {
        for (index, instruction) in dockerfile.instructions.iter().enumerate() {
            let Some(stage) = instruction.stage else { continue };
            if !self.reads(file, dockerfile, stage) {
                continue;
            }
            if let Some(copying) = Copying::of(index, instruction) {
                self.check_copying(file, dockerfile, &copying, findings);
            }
        }
        for command in &file.facts.commands {
            if let Home::Run { stage, .. } = command.home
                && self.reads(file, dockerfile, stage)
            {
                self.check_command(file, command, findings);
            }
        }
    }

    /// Whether Debian's `update-ca-certificates` runs in a stage or in one that stands on it.
    fn reads(&self, file: &File, dockerfile: &Dockerfile, stage: usize) -> bool {
        (0..dockerfile.stages.len()).any(|above| {
            let chain = shipped::chain(dockerfile, above);
            chain.contains(&stage)
                && shipped::build_commands(file, &chain).any(|(_, command)| rebuilds(command))
                && !is_alpine(file, dockerfile, above)
        })
    }

    fn check_copying(
        &self,
        file: &File,
        dockerfile: &Dockerfile,
        copying: &Copying<'_>,
        findings: &mut Vec<Finding>,
    ) {
        for source in copying.sources {
            let Some(path) = copying.target_of(&source.text, dockerfile) else { continue };
            if !is_ignored(&path) {
                continue;
            }
            let fills = copying.fills_folder(&path_of_folder(&path));
            // Whether the file's name comes from the source or stands in the destination itself.
            let named_by_source = path.ends_with(&format!("/{}", last(&source.text))) && fills;
            let word = if named_by_source { source } else { copying.destination };
            let mut finding = self.finding(word, &path);
            if copying.sources.len() == 1 && source.known && !source.text.contains(['*', '?', '['])
            {
                finding.fix = rename(file, copying.destination, &path, named_by_source);
            }
            findings.push(finding);
        }
    }

    fn check_command(&self, file: &File, command: &Command, findings: &mut Vec<Finding>) {
        for (path, word) in written(command) {
            if !is_ignored(&path) {
                continue;
            }
            let mut finding = self.finding(word, &path);
            // Only where the word is the file's own path: a name that comes from the source stands
            // elsewhere too.
            if word.known && word.text == path {
                finding.fix = rename(file, word, &path, false);
            }
            findings.push(finding);
        }
    }

    fn finding(&self, word: &Word, path: &str) -> Finding {
        let name = last(path);
        Finding::new(
            self.id(),
            self.level(),
            word.span.clone(),
            format!("`update-ca-certificates` does not read `{name}`"),
            "only names that end in `.crt` are read",
        )
        .because(
            "it takes the files below /usr/local/share/ca-certificates whose names end in \
             `.crt` and passes over the others without a word",
        )
        .hint(format!("name it `{}.crt` there; its content stays as it is (PEM)", stem(name)))
    }
}

/// Gives a file the name that is read, if its path is told in this one place only.
fn rename(file: &File, word: &Word, path: &str, into_folder: bool) -> Option<Fix> {
    let written = file.text.get(word.span.clone())?;
    let quote = ['"', '\''].into_iter().find(|quote| written.starts_with(*quote));
    let bare = written.trim_matches(['"', '\'']);
    // Anything that a shell or the builder would put something else for is left alone, as is DER
    // (`.cer`).
    if bare != word.text
        || !path.ends_with(".pem")
        || file.text.matches(path).count() > usize::from(bare == path)
    {
        return None;
    }
    let renamed = format!("{}.crt", stem(path));
    let text = if into_folder || bare == path { renamed } else { return None };
    let text = match quote {
        Some(quote) => format!("{quote}{text}{quote}"),
        None => text,
    };
    Some(Fix {
        title: format!("name it `{}.crt`", stem(last(path))),
        edits: vec![Edit { span: word.span.clone(), text }],
        needs: Needs::Nothing,
    })
}

/// Whether a file of this path is passed over.
fn is_ignored(path: &str) -> bool {
    within(path, FOLDER) && [".pem", ".cer", ".cert"].iter().any(|end| path.ends_with(end))
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

fn path_of_folder(path: &str) -> String {
    path.rsplit_once('/').map_or_else(String::new, |(folder, _)| folder.to_owned())
}

fn rebuilds(command: &Command) -> bool {
    rebuilds_trust(command)
        && command
            .invocation()
            .is_some_and(|invocation| invocation.program == "update-ca-certificates")
}

fn is_apk(command: &Command) -> bool {
    command.invocation().is_some_and(|invocation| invocation.program == "apk")
}

fn is_script(command: &Command) -> bool {
    matches!(command.home, Home::Script | Home::Ci)
}

#[cfg(test)]
mod tests {
    use super::CaPemIgnored;
    use crate::rules::proof::{fixed, found, messages};

    const AFTER: &str = "RUN update-ca-certificates\n";

    #[test]
    fn a_pem_is_found_and_renamed() {
        for (before, after) in [
            (
                "COPY certs/corp.pem /usr/local/share/ca-certificates/",
                "COPY certs/corp.pem /usr/local/share/ca-certificates/corp.crt",
            ),
            (
                "COPY corp.pem /usr/local/share/ca-certificates",
                "COPY corp.pem /usr/local/share/ca-certificates/corp.crt",
            ),
            (
                "COPY a.crt /usr/local/share/ca-certificates/corp.pem",
                "COPY a.crt /usr/local/share/ca-certificates/corp.crt",
            ),
            (
                "COPY [\"corp.pem\", \"/usr/local/share/ca-certificates/\"]",
                "COPY [\"corp.pem\", \"/usr/local/share/ca-certificates/corp.crt\"]",
            ),
            (
                "RUN curl -o /usr/local/share/ca-certificates/corp.pem https://ca.example/",
                "RUN curl -o /usr/local/share/ca-certificates/corp.crt https://ca.example/",
            ),
        ] {
            let text = format!("FROM debian:12\n{before}\n{AFTER}");
            let files = [("Dockerfile", text.as_str())];
            assert_eq!(
                messages(&CaPemIgnored, &files),
                ["`update-ca-certificates` does not read `corp.pem`"],
                "{before}"
            );
            let repaired = fixed(&CaPemIgnored, &files);
            assert_eq!(repaired, format!("FROM debian:12\n{after}\n{AFTER}"));
            assert_eq!(messages(&CaPemIgnored, &[("Dockerfile", &repaired)]), [""; 0]);
        }
    }

    #[test]
    fn a_path_that_is_told_elsewhere_keeps_its_name() {
        let text = format!(
            "FROM debian:12\nCOPY corp.pem /usr/local/share/ca-certificates/\n\
             {AFTER}ENV SSL_CERT_FILE=/usr/local/share/ca-certificates/corp.pem\n"
        );
        assert!(found(&CaPemIgnored, &[("Dockerfile", &text)])[0].fix.is_none());
    }

    #[test]
    fn many_files_are_found_and_left_to_their_owner() {
        let text = format!(
            "FROM debian:12\nCOPY a.pem b.pem c.crt /usr/local/share/ca-certificates/\n{AFTER}"
        );
        let findings = found(&CaPemIgnored, &[("Dockerfile", &text)]);
        assert_eq!(findings.len(), 2);
        assert!(findings.iter().all(|finding| finding.fix.is_none()));
    }

    #[test]
    fn alpine_other_folders_and_unread_files_are_left_alone() {
        for text in [
            "FROM alpine:3.20\nCOPY a.pem /usr/local/share/ca-certificates/\n\
             RUN update-ca-certificates\n",
            "FROM python:3.12-alpine\nCOPY a.pem /usr/local/share/ca-certificates/\n\
             RUN update-ca-certificates\n",
            "FROM debian:12\nCOPY a.pem /usr/local/share/ca-certificates/\n",
            "FROM debian:12\nCOPY a.pem /etc/app/\nRUN update-ca-certificates\n",
            "FROM debian:12\nCOPY a.crt /usr/local/share/ca-certificates/\n\
             RUN update-ca-certificates\n",
            "FROM debian:12\nCOPY a.pem /usr/local/share/ca-certificates/a.crt\n\
             RUN update-ca-certificates\n",
        ] {
            assert_eq!(messages(&CaPemIgnored, &[("Dockerfile", text)]), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_script_is_read_as_well() {
        let text =
            "cp corp.pem /usr/local/share/ca-certificates/corp.pem\nupdate-ca-certificates\n";
        assert_eq!(
            fixed(&CaPemIgnored, &[("install.sh", text)]),
            "cp corp.pem /usr/local/share/ca-certificates/corp.crt\nupdate-ca-certificates\n"
        );
    }
}
