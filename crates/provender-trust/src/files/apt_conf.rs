//! apt.conf(5): `A::B "value";` and `A { B "value"; };`.

use super::Entry;

/// The options of an apt configuration file in their order; each key is the option's path in lower case, since apt
/// does not tell cases apart.
pub(crate) fn apt_conf(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut scopes: Vec<usize> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let mut words: Vec<(String, usize)> = Vec::new();
    for (token, line) in tokens(text) {
        match token {
            Token::Word(word) => words.push((word, line)),
            Token::Open => {
                let before = path.len();
                if let Some((name, _)) = words.first() {
                    path.extend(parts(name));
                }
                words.clear();
                scopes.push(before);
            }
            Token::Close => {
                path.truncate(scopes.pop().unwrap_or(0));
                words.clear();
            }
            Token::End => {
                if let [(name, line), (value, _), ..] = words.as_slice() {
                    let key = path.iter().cloned().chain(parts(name));
                    entries.push(Entry::new(key, value, *line));
                }
                words.clear();
            }
        }
    }
    entries
}

fn parts(name: &str) -> impl Iterator<Item = String> {
    name.split("::").filter(|part| !part.is_empty()).map(str::to_lowercase)
}

enum Token {
    Word(String),
    Open,
    Close,
    End,
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let taken = match next {
            '\n' => {
                line += 1;
                1
            }
            c if c.is_whitespace() => c.len_utf8(),
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
                line += rest[..end].matches('\n').count();
                end
            }
            '{' | '}' | ';' => {
                let token = match next {
                    '{' => Token::Open,
                    '}' => Token::Close,
                    _ => Token::End,
                };
                tokens.push((token, line));
                1
            }
            '"' => {
                let end = rest[1..].find('"').map_or(rest.len(), |end| end + 1);
                tokens.push((Token::Word(rest[1..end].to_owned()), line));
                line += rest[..end].matches('\n').count();
                (end + 1).min(rest.len())
            }
            _ => {
                let end = rest
                    .find(|c: char| c.is_whitespace() || "{};\"".contains(c))
                    .unwrap_or(rest.len());
                tokens.push((Token::Word(rest[..end].to_owned()), line));
                end
            }
        };
        rest = &rest[taken..];
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_may_be_written_flat_or_in_braces() {
        let text = "// c\nAcquire::https::CAInfo \"/a b.pem\";\n/* x\n */\nAcquire { https { Verify-Peer \"false\"; h.example::Verify-Host false; }; };\nAPT::X \"1\";\n";
        let found: Vec<_> = apt_conf(text)
            .into_iter()
            .map(|entry| (entry.key.join("::"), entry.value, entry.line))
            .collect();
        let owned = |k: &str, v: &str, l| (k.to_owned(), v.to_owned(), l);
        assert_eq!(
            found,
            [
                owned("acquire::https::cainfo", "/a b.pem", 2),
                owned("acquire::https::verify-peer", "false", 5),
                owned("acquire::https::h.example::verify-host", "false", 5),
                owned("apt::x", "1", 6),
            ]
        );
    }
}
