//! Variables in the syntax of a shell or of a file.

use std::fmt::{self, Write as _};

use super::docker;
use super::variables::{EnvironmentError, Variables};

/// Where the variables are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// POSIX shells: `eval "$(provender env --shell sh)"`.
    Sh,
    /// fish: `provender env --shell fish | source`.
    Fish,
    /// PowerShell: `provender env --shell powershell | Out-String | Invoke-Expression`.
    PowerShell,
    /// Windows' command interpreter: lines of a batch file, which is called.
    Cmd,
    /// GitHub Actions: appended to the file that `$GITHUB_ENV` names.
    GitHub,
    /// GitLab CI: `variables:` of `.gitlab-ci.yml`.
    GitLab,
    /// A step of a Dockerfile that has the variables and their files for itself.
    Docker,
    /// A `.env` file.
    Dotenv,
}

impl Shell {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Sh,
        Self::Fish,
        Self::PowerShell,
        Self::Cmd,
        Self::GitHub,
        Self::GitLab,
        Self::Docker,
        Self::Dotenv,
    ];

    /// The name as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sh => "sh",
            Self::Fish => "fish",
            Self::PowerShell => "powershell",
            Self::Cmd => "cmd",
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Docker => "docker",
            Self::Dotenv => "dotenv",
        }
    }

    /// The one of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shell| shell.name() == name)
    }

    /// How what is written gets into effect, as a command or in words.
    pub fn how_to_use(self) -> &'static str {
        match self {
            Self::Sh => "eval \"$(provender env --shell sh)\"",
            Self::Fish => "provender env --shell fish | source",
            Self::PowerShell => "provender env --shell powershell | Out-String | Invoke-Expression",
            Self::Cmd => "provender env --shell cmd > provender-env.cmd && call provender-env.cmd",
            Self::GitHub => "provender env --shell github >> \"$GITHUB_ENV\"",
            Self::GitLab => "put it into .gitlab-ci.yml",
            Self::Docker => "put it in the place of each RUN that uses the network",
            Self::Dotenv => "provender env --shell dotenv >> .env",
        }
    }

    /// How it is taken back, as a command or in words.
    pub fn how_to_undo(self) -> &'static str {
        match self {
            Self::Sh => "eval \"$(provender env --shell sh --undo)\"",
            Self::Fish => "provender env --shell fish --undo | source",
            Self::PowerShell => {
                "provender env --shell powershell --undo | Out-String | Invoke-Expression"
            }
            Self::Cmd => {
                "provender env --shell cmd --undo > provender-env.cmd && call provender-env.cmd"
            }
            Self::GitHub => {
                "a variable can only be given another value there; the job's end forgets it"
            }
            Self::GitLab => "delete the lines; a pipeline that runs keeps them",
            Self::Docker => "nothing is left once the step is over",
            Self::Dotenv => "delete the lines",
        }
    }
}

impl fmt::Display for Shell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The variables in a shell's syntax.
///
/// # Errors
///
/// A value that the syntax has no way to write.
pub fn render(variables: &Variables, shell: Shell) -> Result<String, EnvironmentError> {
    if shell == Shell::Docker {
        return docker::render(variables);
    }
    let mut out = String::new();
    if shell == Shell::GitLab {
        out.push_str("variables:\n");
    }
    for variable in variables.iter() {
        let (name, value) = (variable.name, variable.value.as_str());
        let written = quoted(value, shell).map_err(|what| EnvironmentError::Unwritable {
            name,
            what,
            syntax: shell.name(),
        })?;
        // Writing to a String cannot fail.
        let _ = match shell {
            Shell::Sh => writeln!(out, "export {name}={written}"),
            Shell::Fish => writeln!(out, "set -gx {name} {written}"),
            Shell::PowerShell => writeln!(out, "$env:{name} = {written}"),
            Shell::Cmd => write!(out, "@set \"{name}={written}\"\r\n"),
            Shell::GitLab => writeln!(out, "  {name}: {written}"),
            Shell::GitHub | Shell::Dotenv | Shell::Docker => writeln!(out, "{name}={written}"),
        };
    }
    Ok(out)
}

/// What takes the variables back. Comments, where nothing can; nothing at all for GitHub, whose file knows neither.
pub fn undo(variables: &Variables, shell: Shell) -> String {
    let names: Vec<_> = variables.iter().map(|variable| variable.name).collect();
    match shell {
        Shell::Docker => {
            "# nothing to undo: the variables and their files end with the step\n".to_owned()
        }
        Shell::GitLab | Shell::Dotenv if !names.is_empty() => {
            format!("# delete these lines\n{}", unset(&names, shell))
        }
        _ => unset(&names, shell),
    }
}

/// What unsets variables of these names; see [`undo`].
pub fn unset(names: &[&str], shell: Shell) -> String {
    let mut out = String::new();
    for name in names {
        // Writing to a String cannot fail.
        let _ = match shell {
            Shell::Sh => writeln!(out, "unset {name}"),
            Shell::Fish => writeln!(out, "set -e {name}"),
            Shell::PowerShell => {
                writeln!(out, "Remove-Item Env:{name} -ErrorAction SilentlyContinue")
            }
            Shell::Cmd => write!(out, "@set \"{name}=\"\r\n"),
            Shell::GitLab | Shell::Dotenv => writeln!(out, "# {name}"),
            Shell::GitHub | Shell::Docker => Ok(()),
        };
    }
    out
}

/// A value as the shell reads it back, or what keeps it from being written. Values hold no control characters.
pub(super) fn quoted(value: &str, shell: Shell) -> Result<String, &'static str> {
    match shell {
        // Within single quotes nothing has a meaning but the quote itself.
        Shell::Sh | Shell::Docker => Ok(format!("'{}'", value.replace('\'', "'\\''"))),
        Shell::Fish => Ok(format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))),
        // PowerShell takes typographic quotes for single quotes too; each is written twice.
        Shell::PowerShell => {
            let mut out = String::from("'");
            for c in value.chars() {
                if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
                    out.push(c);
                }
                out.push(c);
            }
            out.push('\'');
            Ok(out)
        }
        // Between the quotes of `set "A=b"` carets, ampersands and pipes are plain; a percent sign is written twice in a
        // batch file. A quote would end them.
        Shell::Cmd if value.contains('"') => Err("a double quote"),
        Shell::Cmd if value.contains('!') => Err("an exclamation mark"),
        Shell::Cmd => Ok(value.replace('%', "%%")),
        // Everything up to the end of the line, as it is.
        Shell::GitHub => Ok(value.to_owned()),
        // YAML within single quotes; GitLab itself expands `$NAME` in it.
        Shell::GitLab => Ok(format!("'{}'", value.replace('\'', "''").replace('$', "$$"))),
        Shell::Dotenv => dotenv(value),
    }
}

/// Readers of `.env` files agree on plain words, and on single quotes around what holds none.
fn dotenv(value: &str) -> Result<String, &'static str> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+,@%=?&~".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return Ok(value.to_owned());
    }
    if value.contains('\'') {
        return Err("a single quote");
    }
    if value.ends_with('\\') {
        return Err("a backslash at its end");
    }
    Ok(format!("'{value}'"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::WantedVariables;

    fn variables(ca: &str) -> Variables {
        Variables::new(&WantedVariables {
            index: Some(url::Url::parse("https://index.example/simple/").unwrap()),
            ca: Some(ca.into()),
            ..WantedVariables::default()
        })
        .unwrap()
    }

    fn last_line(ca: &str, shell: Shell) -> String {
        render(&variables(ca), shell).unwrap().lines().last().unwrap().to_owned()
    }

    #[test]
    fn each_syntax_has_its_quotes() {
        let odd = "/a b'c$d%e\u{2019}f.pem";
        for (shell, line) in [
            (Shell::Sh, "export NODE_EXTRA_CA_CERTS='/a b'\\''c$d%e\u{2019}f.pem'"),
            (Shell::Fish, "set -gx NODE_EXTRA_CA_CERTS '/a b\\'c$d%e\u{2019}f.pem'"),
            (Shell::PowerShell, "$env:NODE_EXTRA_CA_CERTS = '/a b''c$d%e\u{2019}\u{2019}f.pem'"),
            (Shell::Cmd, "@set \"NODE_EXTRA_CA_CERTS=/a b'c$d%%e\u{2019}f.pem\""),
            (Shell::GitHub, "NODE_EXTRA_CA_CERTS=/a b'c$d%e\u{2019}f.pem"),
            (Shell::GitLab, "  NODE_EXTRA_CA_CERTS: '/a b''c$$d%e\u{2019}f.pem'"),
        ] {
            assert_eq!(last_line(odd, shell), line, "{shell}");
        }
        assert_eq!(last_line("/a b$c", Shell::Dotenv), "NODE_EXTRA_CA_CERTS='/a b$c'");
        assert_eq!(last_line("/etc/ca.pem", Shell::Dotenv), "NODE_EXTRA_CA_CERTS=/etc/ca.pem");
    }

    #[test]
    fn what_a_syntax_cannot_hold_is_refused() {
        for (ca, shell) in
            [("/a\"b", Shell::Cmd), ("/a'b", Shell::Dotenv), ("/a b.pem", Shell::Docker)]
        {
            let error = render(&variables(ca), shell).unwrap_err();
            assert!(error.to_string().contains("NODE_EXTRA_CA_CERTS"), "{error}");
        }
    }

    #[test]
    fn undoing_names_every_variable_or_says_that_nothing_is_left() {
        let variables = variables("/ca.pem");
        assert_eq!(
            undo(&variables, Shell::Sh),
            "unset PIP_INDEX_URL\nunset UV_DEFAULT_INDEX\nunset PDM_PYPI_URL\nunset NODE_EXTRA_CA_CERTS\n"
        );
        assert!(undo(&variables, Shell::Cmd).contains("@set \"PIP_INDEX_URL=\"\r\n"));
        assert!(undo(&variables, Shell::GitLab).lines().all(|line| line.starts_with('#')));
        assert_eq!(undo(&variables, Shell::GitHub), "");
        assert!(undo(&variables, Shell::Docker).starts_with("# nothing to undo"));
    }

    #[test]
    fn a_dockerfile_gets_a_step_and_no_lasting_variable() {
        let variables = Variables::new(&WantedVariables {
            index: Some(url::Url::parse("https://index.example/simple/").unwrap()),
            ca: Some("/etc/ours/ca.pem".into()),
            full_bundle: Some("/srv/it's/full.pem".into()),
            ..WantedVariables::default()
        })
        .unwrap();
        let step = render(&variables, Shell::Docker).unwrap();
        assert!(
            !step.lines().any(|line| line.starts_with("ENV") || line.starts_with("ARG")),
            "{step}"
        );
        for part in [
            "--build-context 'provender-ca-2=/etc/ours' --build-context 'provender-ca=/srv/it'\\''s' .",
            "RUN --mount=type=bind,from=provender-ca,source=full.pem,target=/run/provender-ca/full.pem \\\n",
            "export SSL_CERT_FILE='/run/provender-ca/full.pem' && \\\n",
            "export NODE_EXTRA_CA_CERTS='/run/provender-ca-2/ca.pem' && \\\n",
            "export PIP_INDEX_URL='https://index.example/simple/' && \\\n",
        ] {
            assert!(step.contains(part), "{part}\n{step}");
        }
    }
}
