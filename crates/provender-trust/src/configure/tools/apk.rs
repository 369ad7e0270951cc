//! apk of Alpine Linux: `/etc/apk/ca.pem`, which takes the place of OpenSSL's paths where it is there.

use super::super::draft::Draft;
use super::super::{ConfigureError, Scope};
use super::certs_d::copy_certificates;

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), ConfigureError> {
    if draft.wanted.scope != Scope::System {
        return draft.no_scope("apk is set up for the system: name that scope");
    }
    let file = draft.machine.system_path("/etc/apk/ca.pem");
    let from = match (draft.read(&file)?, &draft.wanted.ca) {
        // What is there has the public roots, if it is to have them.
        (Some(_), Some(ca)) => Some(ca.as_path()),
        _ => draft.full_bundle("`/etc/apk/ca.pem`", "")?,
    };
    let Some(from) = from else {
        let hint = "name a CA: apk does not install from a Python index";
        return Err(ConfigureError::NothingWanted { tool: "apk", hint });
    };
    copy_certificates(draft, from, &file)?;
    draft.note(
        "`--no-check-certificate` and `--allow-untrusted` on a command line still win; the latter takes packages without \
         a signature",
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CA, Desk};
    use super::super::{ConfigurableTool, ConfigureError};
    use super::Scope;

    const FILE: &str = "root/etc/apk/ca.pem";

    fn desk() -> Desk {
        Desk::new(ConfigurableTool::Apk).scope(Scope::System)
    }

    #[test]
    fn a_fresh_file_holds_the_full_bundle() {
        let fresh = desk();
        fresh.configure();
        assert_eq!(fresh.text(FILE).matches("BEGIN CERTIFICATE").count(), 2);
        assert!(matches!(
            desk().without_full_bundle().plan(),
            Err(ConfigureError::FullBundle { .. })
        ));
    }

    #[test]
    fn a_file_that_is_there_gains_the_authority() {
        let theirs = CA.replace("b3Vycw==", "b3RoZXI=");
        let desk = desk().without_full_bundle().file(FILE, &format!("# ours\n{theirs}"));
        desk.configure();
        let text = desk.text(FILE);
        assert!(text.starts_with("# ours\n") && text.ends_with(CA), "{text}");
    }
}
