//! Lines of a `.env` file.

/// The variables that a file sets, with their values, quotes undone; comments are none.
pub(crate) fn variables(text: &str) -> impl Iterator<Item = (String, String)> + '_ {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=')?;
        let name = name.trim();
        super::environment::is_setting(name).then(|| (name.to_owned(), unquoted(value.trim())))
    })
}

/// The names that a file sets or shows behind `#` as ones that may be set.
pub(crate) fn mentioned(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().filter_map(|line| {
        let line = line.trim().trim_start_matches('#').trim();
        let name = line.strip_prefix("export ").unwrap_or(line).split_once('=')?.0.trim();
        super::environment::is_setting(name).then(|| name.to_owned())
    })
}

fn unquoted(value: &str) -> String {
    for quote in ['"', '\''] {
        if let Some(inner) = value.strip_prefix(quote)
            && let Some(end) = inner.find(quote)
        {
            return inner.get(..end).unwrap_or_default().to_owned();
        }
    }
    value.split(" #").next().unwrap_or_default().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_read_and_comments_are_not() {
        let text = "# A=1\nB=2 # why\nexport C='x # y'\nD=\"z\"\nno\n1E=2\nF=\n";
        let found: Vec<(String, String)> = variables(text).collect();
        let expected = [("B", "2"), ("C", "x # y"), ("D", "z"), ("F", "")];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let names: Vec<String> = mentioned(text).collect();
        assert_eq!(names, ["A", "B", "C", "D", "F"]);
    }
}
