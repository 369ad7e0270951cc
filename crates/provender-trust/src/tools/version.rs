//! Versions of tools, as far as rules changed with them.

/// The first three numbers of a version; what is missing is 0.
pub(crate) type Numbers = (u32, u32, u32);

/// Reads the numbers at the beginning of a version; none if it begins with no number.
pub(crate) fn numbers(version: &str) -> Option<Numbers> {
    let version = version.trim().trim_start_matches(['v', 'V']);
    let mut parts = version.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    let first = parts.next()?.ok()?;
    let mut next = || parts.next().and_then(Result::ok).unwrap_or(0);
    Some((first, next(), next()))
}

/// The first word of a text that begins with a digit, or with `v` and a digit.
pub(crate) fn first_version(text: &str) -> Option<String> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v').trim_matches(|c| "\"(),".contains(c)))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_its_first_numbers() {
        assert_eq!(numbers("v20.20.2"), Some((20, 20, 2)));
        assert_eq!(numbers("26.0"), Some((26, 0, 0)));
        assert_eq!(numbers("4.0.0-rc.1"), Some((4, 0, 0)));
        assert_eq!(numbers("none"), None);
    }

    #[test]
    fn a_version_is_found_in_what_a_tool_says() {
        assert_eq!(first_version("git version 2.47.3\n").as_deref(), Some("2.47.3"));
        assert_eq!(first_version("v20.20.2\n").as_deref(), Some("20.20.2"));
        assert_eq!(first_version("openjdk version \"17.0.15\" 2025").as_deref(), Some("17.0.15"));
        assert_eq!(first_version("Docker version 28.2.2, build e6").as_deref(), Some("28.2.2"));
        assert_eq!(first_version("nothing"), None);
    }
}
