//! The headers of `METADATA` and `WHEEL` (RFC 822, as "Core metadata specifications" uses it).

/// The headers of a document: what stands before its first empty line.
#[derive(Debug)]
pub(super) struct Headers(Vec<(String, String)>);

impl Headers {
    /// Reads them. Lines that are no header are passed over, as readers of mail do.
    pub(super) fn parse(text: &str) -> Self {
        let mut headers: Vec<(String, String)> = Vec::new();
        let lines = text.lines().skip_while(|line| line.is_empty());
        for line in lines.take_while(|line| !line.is_empty()) {
            if line.starts_with([' ', '\t']) {
                if let Some((_, value)) = headers.last_mut() {
                    value.push('\n');
                    value.push_str(line.trim());
                }
            } else if let Some((key, value)) = line.split_once(':') {
                headers.push((key.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Self(headers)
    }

    /// Every value of a header, which is named in lower case.
    pub(super) fn all<'a>(&'a self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The value of a header that stands there once; an error says whether it is missing or repeated.
    pub(super) fn one(&self, key: &str) -> Result<&str, String> {
        let mut values = self.all(key);
        match (values.next(), values.next()) {
            (Some(value), None) => Ok(value),
            (None, _) => Err(format!("has no {key}")),
            (Some(_), Some(_)) => Err(format!("has more than one {key}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_end_with_the_first_empty_line() {
        let headers = Headers::parse("Name: Demo\r\nVERSION : 1\n\nName: other\n");
        assert_eq!(headers.one("name"), Ok("Demo"));
        assert_eq!(headers.one("version"), Ok("1"));
    }

    #[test]
    fn a_header_that_must_stand_once_stands_once() {
        let headers = Headers::parse("Tag: a\nTag: b\n c\n");
        assert_eq!(headers.all("tag").collect::<Vec<_>>(), ["a", "b\nc"]);
        assert_eq!(headers.one("tag"), Err("has more than one tag".to_owned()));
        assert_eq!(headers.one("name"), Err("has no name".to_owned()));
    }
}
