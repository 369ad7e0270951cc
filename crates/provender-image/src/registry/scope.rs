//! What a token is asked for: a repository and what is done in it.

use std::fmt;

/// What is done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Access {
    /// Reading.
    Pull,
    /// Reading and writing.
    Push,
}

/// A repository and what is done in it, as token servers write it: `repository:NAME:pull,push`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Scope {
    pub(super) repository: String,
    pub(super) access: Access,
}

impl Scope {
    /// Whether a scope that a registry asks for, as it is written, is given by this one.
    pub(super) fn covers(&self, asked: &str) -> bool {
        let Some((resource, actions)) = asked.rsplit_once(':') else { return false };
        resource.strip_prefix("repository:") == Some(&self.repository)
            && actions.split(',').all(|action| match action {
                "pull" => true,
                "push" => self.access == Access::Push,
                _ => false,
            })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions = match self.access {
            Access::Pull => "pull",
            Access::Push => "pull,push",
        };
        write!(f, "repository:{}:{actions}", self.repository)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pushing_covers_pulling_and_not_the_other_way_round() {
        let scope = |access| Scope { repository: "team/app".to_owned(), access };
        assert!(scope(Access::Push).covers("repository:team/app:pull"));
        assert!(scope(Access::Push).covers(&scope(Access::Push).to_string()));
        assert!(!scope(Access::Pull).covers("repository:team/app:pull,push"));
        assert!(!scope(Access::Push).covers("repository:team/other:pull"));
        assert!(!scope(Access::Push).covers("registry:catalog:*"));
    }
}
