//! What a tool's rules come to.

use std::path::Path;

use provender_core::Place;
use provender_core::doctor::{EffectiveRoots, RootSource, ToolVerdict};

use crate::Setting;
use crate::files::Found;

/// Whether a tool looks at certificates at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// It does.
    On,
    /// A setting switched it off.
    Off,
    /// It would, and cannot: a setting names what it cannot read. Why, in its words.
    Broken(String),
}

/// A tool's trust, by its rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolTrust {
    /// Whether it verifies.
    pub verification: Verification,
    /// The roots it verifies against, if it does.
    pub roots: EffectiveRoots,
    /// What decides: a variable, a setting or the tool's own default.
    pub decided_by: String,
    /// Where the deciding setting stands, if in a file.
    pub place: Option<Place>,
    /// What would switch verification on again, where it is off.
    pub undo: Vec<Setting>,
}

impl ToolTrust {
    /// It verifies against these roots.
    pub(crate) fn on(sources: Vec<RootSource>, decided_by: impl Into<String>) -> Self {
        Self {
            verification: Verification::On,
            roots: EffectiveRoots { sources, strict: false },
            decided_by: decided_by.into(),
            place: None,
            undo: Vec::new(),
        }
    }

    /// It verifies against these roots, because of this setting.
    pub(crate) fn by(found: &Found, sources: Vec<RootSource>) -> Self {
        Self { place: found.place.clone(), ..Self::on(sources, found.name.clone()) }
    }

    /// This setting switched verification off.
    pub(crate) fn off(found: &Found) -> Self {
        let undo = match &found.place {
            Some(place) => Setting::Remove { place: place.clone(), name: found.name.clone() },
            None => Setting::unset(&found.name),
        };
        let decided_by = match &found.place {
            Some(_) => found.name.clone(),
            None => format!("{}={}", found.name, found.value),
        };
        Self {
            verification: Verification::Off,
            decided_by,
            place: found.place.clone(),
            undo: vec![undo],
            ..Self::on(Vec::new(), "")
        }
    }

    /// It stops at a setting that it cannot follow.
    pub(crate) fn broken(found: &Found, why: impl Into<String>) -> Self {
        Self { verification: Verification::Broken(why.into()), ..Self::by(found, Vec::new()) }
    }

    /// The file or folder that a setting names, for a tool that stops where it is not there.
    pub(crate) fn file(found: &Found, path: &Path, beside: Vec<RootSource>) -> Self {
        if !path.exists() {
            return Self::broken(found, format!("{} is not there", path.display()));
        }
        let mut sources = vec![source(path)];
        sources.extend(beside);
        Self::by(found, sources)
    }

    /// Whether it refuses what RFC 5280's letter refuses.
    pub(crate) fn strict(mut self, strict: bool) -> Self {
        self.roots.strict = strict;
        self
    }
}

/// A path as a source of roots: a folder or a file.
pub(crate) fn source(path: &Path) -> RootSource {
    if path.is_dir() {
        RootSource::Folder(path.to_owned())
    } else {
        RootSource::File(path.to_owned())
    }
}

/// The verdict from rules: `judge` says whether the roots lead to the host's chain, or why not.
pub fn judged(
    trust: &ToolTrust,
    judge: &dyn Fn(&EffectiveRoots) -> Result<(), String>,
) -> (ToolVerdict, Option<String>) {
    match &trust.verification {
        Verification::Off => (ToolVerdict::NotVerified, None),
        Verification::Broken(why) => (ToolVerdict::Fails, Some(why.clone())),
        Verification::On if trust.roots.sources.is_empty() => {
            (ToolVerdict::Fails, Some("it trusts no authority at all".to_owned()))
        }
        Verification::On => match judge(&trust.roots) {
            Ok(()) => (ToolVerdict::Verifies, None),
            Err(why) => (ToolVerdict::Fails, Some(why)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_judge_is_asked_only_where_roots_decide() {
        let never = |_: &EffectiveRoots| -> Result<(), String> { panic!("asked") };
        let variable = Found::variable("X", "1");
        assert_eq!(judged(&ToolTrust::off(&variable), &never), (ToolVerdict::NotVerified, None));
        let broken = ToolTrust::broken(&variable, "why");
        assert_eq!(judged(&broken, &never), (ToolVerdict::Fails, Some("why".to_owned())));
        let nothing = ToolTrust::on(Vec::new(), "x");
        assert_eq!(judged(&nothing, &never).0, ToolVerdict::Fails);
    }

    #[test]
    fn what_switched_verification_off_is_what_has_to_go() {
        let variable = ToolTrust::off(&Found::variable("GIT_SSL_NO_VERIFY", "1"));
        assert_eq!(variable.decided_by, "GIT_SSL_NO_VERIFY=1");
        assert_eq!(variable.undo, [Setting::unset("GIT_SSL_NO_VERIFY")]);
    }
}
