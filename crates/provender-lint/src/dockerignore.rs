//! `.dockerignore`: what of a folder a build is not given (moby's `patternmatcher`; the Dockerfile
//! reference, ".dockerignore file").

/// The patterns of an ignore file. Case matters, and the last pattern that matches decides. `**`
/// stands for folders at the beginning of a name (`**x` is `**/x`); inside of one it counts as `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns {
    patterns: Vec<Pattern>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    /// What stands between its slashes.
    parts: Vec<Part>,
    /// Whether it takes back in what others leave out (`!`).
    exception: bool,
}

/// What stands between two slashes.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`: any number of folders.
    Folders,
    /// A name without signs.
    Name(String),
    /// A name with `*`, `?`, `[a-z]` or `\x`.
    Glob(Vec<char>),
}

impl Patterns {
    /// Reads an ignore file. Lines that begin with `#` are comments.
    pub fn read(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines();
        let patterns = lines.filter(|line| !line.starts_with('#')).filter_map(Pattern::read);
        Self { patterns: patterns.collect() }
    }

    /// Whether a path, relative to the folder and with `/` between its parts, is left out: the last
    /// pattern decides that matches it or a folder that it lies in.
    pub fn leave_out(&self, path: &str) -> bool {
        let path: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let decides = |pattern: &&Pattern| matches_beginning(&pattern.parts, &path);
        self.patterns.iter().rev().find(decides).is_some_and(|pattern| !pattern.exception)
    }

    /// Whether something below a folder that is left out may be taken back in. Where this is false
    /// nobody has to look into the folder.
    pub fn may_take_back_below(&self, folder: &str) -> bool {
        let folder: Vec<&str> = folder.split('/').collect();
        self.patterns.iter().filter(|pattern| pattern.exception).any(|pattern| {
            let wild = pattern.parts.iter().position(|part| *part == Part::Folders);
            let fixed = wild.unwrap_or(pattern.parts.len());
            (wild.is_some_and(|wild| wild <= folder.len()) || pattern.parts.len() > folder.len())
                && pattern.parts.iter().take(fixed).zip(&folder).all(|(part, name)| part.is(name))
        })
    }

    /// The lines that leave something out or take it back in, counted.
    pub fn len(&self) -> usize {
        self.patterns.len()
    }

    /// Whether there is no pattern.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

impl Pattern {
    /// Reads a line; none where it is blank or names the folder itself or something outside of it.
    fn read(line: &str) -> Option<Self> {
        let line = line.trim();
        let (line, exception) = match line.strip_prefix('!') {
            Some(rest) => (rest.trim(), true),
            None => (line, false),
        };
        let mut names: Vec<&str> = Vec::new();
        for name in line.split('/') {
            match name {
                "" | "." => {}
                // Nothing outside of the folder is given to a build; `/..` is the root itself.
                ".." if names.pop().is_none() && !line.starts_with('/') => return None,
                ".." => {}
                name => names.push(name),
            }
        }
        let mut parts = Vec::new();
        for mut name in names {
            // `**x` is `**/x`.
            while let Some(rest) = name.strip_prefix("**") {
                if parts.last() != Some(&Part::Folders) {
                    parts.push(Part::Folders);
                }
                name = rest;
            }
            if !name.is_empty() {
                parts.push(Part::read(name));
            }
        }
        (!parts.is_empty()).then_some(Self { parts, exception })
    }
}

impl Part {
    fn read(name: &str) -> Self {
        if name.contains(['*', '?', '[', '\\']) {
            Self::Glob(name.chars().collect())
        } else {
            Self::Name(name.to_owned())
        }
    }

    /// Whether it is this one name.
    fn is(&self, name: &str) -> bool {
        match self {
            Self::Folders => true,
            Self::Name(own) => own == name,
            Self::Glob(signs) => glob(signs, &name.chars().collect::<Vec<_>>()),
        }
    }
}

/// Whether a pattern matches all of a path or a folder that it lies in.
fn matches_beginning(pattern: &[Part], path: &[&str]) -> bool {
    // The lengths of the path's beginnings that the pattern's parts up to here match.
    let mut lengths = vec![false; path.len() + 1];
    lengths[0] = true;
    for (index, part) in pattern.iter().enumerate() {
        let mut next = vec![false; path.len() + 1];
        if *part == Part::Folders {
            // At the end it stands for at least one name.
            let least = usize::from(index + 1 == pattern.len());
            if let Some(first) = lengths.iter().position(|matched| *matched) {
                next.iter_mut().skip(first + least).for_each(|matched| *matched = true);
            }
        } else {
            for (length, name) in path.iter().enumerate() {
                next[length + 1] = lengths[length] && part.is(name);
            }
        }
        lengths = next;
    }
    lengths.iter().skip(1).any(|matched| *matched)
}

/// Whether signs match a whole name. What a `*` stands for is lengthened only for the last one seen,
/// so that the time is bounded by the product of both lengths.
fn glob(pattern: &[char], name: &[char]) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    loop {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at + 1, read));
                at += 1;
                continue;
            }
            None if read == name.len() => return true,
            Some(_) if read < name.len() => {
                if let Some(length) = single(&pattern[at..], name[read]) {
                    at += length;
                    read += 1;
                    continue;
                }
            }
            _ => {}
        }
        match &mut star {
            Some((behind, from)) if *from < name.len() => {
                *from += 1;
                (at, read) = (*behind, *from);
            }
            _ => return false,
        }
    }
}

/// How many of the pattern's first signs match one character; none if they do not match it.
fn single(pattern: &[char], character: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] => {
            // The first sign of a class is one of its characters, even a bracket.
            let Some(end) = rest.iter().skip(1).position(|sign| *sign == ']') else {
                return (character == '[').then_some(1);
            };
            in_class(&rest[..=end], character).then_some(end + 3)
        }
        ['\\', literal, ..] => (*literal == character).then_some(2),
        [literal, ..] => (*literal == character).then_some(1),
        [] => None,
    }
}

fn in_class(class: &[char], character: char) -> bool {
    let (mut class, inverted) = match class {
        ['^', rest @ ..] => (rest, true),
        _ => (class, false),
    };
    let mut found = false;
    while let [first, rest @ ..] = class {
        if let ['-', last, behind @ ..] = rest {
            found |= (*first..=*last).contains(&character);
            class = behind;
        } else {
            found |= *first == character;
            class = rest;
        }
    }
    found != inverted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(patterns: &str, path: &str) -> bool {
        Patterns::read(patterns).leave_out(path)
    }

    #[test]
    fn a_pattern_leaves_out_a_folder_with_all_in_it() {
        assert!(left_out(".git\n", ".git"));
        assert!(left_out(".git\n", ".git/config"));
        assert!(left_out("/.git/\n", ".git/config"));
        assert!(!left_out(".git\n", "sub/.git"));
        assert!(left_out("**/.git\r\n", "sub/.git"));
        assert!(left_out("**/.git", ".git"));
        assert!(left_out("a/**/b", "a/b/c") && left_out("a/**/b", "a/x/y/b"));
        assert!(left_out("**.pem", "a/.pem") && !left_out("**.pem", "a/b.pem"));
        assert!(left_out("a/**", "a/x") && !left_out("a/**", "a"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        assert!(left_out("*\n!src\n", ".env"));
        assert!(!left_out("*\n!src\n", "src/main.py"));
        assert!(left_out("*\n!src\nsrc/secret\n", "src/secret"));
        assert!(!left_out(".env\n!.env\n", ".env"));
    }

    #[test]
    fn a_folder_is_looked_into_only_where_something_in_it_may_be_taken_back() {
        let patterns = Patterns::read("data\ncache\n!data/keep/*.csv\n");
        assert!(patterns.may_take_back_below("data"));
        assert!(patterns.may_take_back_below("data/keep"));
        assert!(!patterns.may_take_back_below("data/other"));
        assert!(!patterns.may_take_back_below("cache"));
        let patterns = Patterns::read("*\n!**/*.py\n");
        assert!(patterns.may_take_back_below("any/where"));
        assert!(Patterns::read("*\n!a/**/b\n").may_take_back_below("a/x"));
        assert!(!Patterns::read("*\n!a/**/b\n").may_take_back_below("x/a"));
        assert!(!Patterns::read("*\n").may_take_back_below("any"));
    }

    #[test]
    fn comments_and_blank_lines_are_no_patterns() {
        assert!(!left_out("# .env\n\n", ".env"));
        assert!(left_out("\u{feff}.env\n", ".env"));
        assert!(left_out(" # x\n", "# x"), "a comment begins with the line");
    }

    #[test]
    fn nothing_outside_of_the_folder_is_meant() {
        assert!(!left_out("../x", "x"));
        assert!(!left_out("a/../../x", "x"));
        assert!(left_out("a/../x", "x"));
        assert!(left_out("/../x", "x"), "above the root is the root");
    }

    #[test]
    fn signs_stand_for_names() {
        assert!(left_out(".env*", ".env.local"));
        assert!(left_out("*.pem", "key.pem"));
        assert!(!left_out("*.pem", "keys/key.pem"));
        assert!(left_out("**/*.pem", "keys/key.pem"));
        assert!(left_out("**", "anything"));
        assert!(left_out("id_[a-r]sa", "id_rsa"));
        assert!(!left_out("id_[^r]sa", "id_rsa"));
        assert!(left_out("id_[!r]sa", "id_rsa"), "Go's classes are inverted by ^ only");
        assert!(left_out("[]]x", "]x"));
        assert!(left_out("?env", ".env"));
        assert!(left_out(r"\*", "*"));
        assert!(!left_out(r"\*", "x"));
        assert!(left_out("a*b*c", "a-b-b-c") && !left_out("a*b*c", "a-c-b"));
        assert!(!left_out("[", "x"));
        assert!(!left_out("README.md", "readme.md"), "case matters");
    }

    #[test]
    fn a_pattern_of_many_stars_ends() {
        let stars = "*a".repeat(200);
        assert!(!left_out(&format!("{stars}b"), &"a".repeat(400)));
        let folders = "**/a/".repeat(200);
        assert!(!left_out(&format!("{folders}b"), &vec!["a"; 400].join("/")));
    }
}
