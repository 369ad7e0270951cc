//! Extended headers (POSIX.1-2017, "pax Interchange Format"), for what a plain header cannot say.

/// The records of one extended header.
#[derive(Debug, Default)]
pub(super) struct Pax(Vec<u8>);

impl Pax {
    /// Adds `LENGTH KEY=VALUE`, where LENGTH counts its own digits too.
    pub(super) fn add(&mut self, key: &str, value: &str) {
        // A blank, an equals sign and a line's end.
        let rest = key.len() + value.len() + 3;
        let mut digits = 1;
        while (rest + digits).to_string().len() > digits {
            digits += 1;
        }
        let record = format!("{} {key}={value}\n", rest + digits);
        self.0.extend_from_slice(record.as_bytes());
    }

    /// The header's content; none if the plain header says it all.
    pub(super) fn into_content(self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then_some(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_its_own_length() {
        for length in [1, 88, 89, 90, 91, 985, 986, 987, 988, 4096] {
            let mut pax = Pax::default();
            pax.add("path", &"x".repeat(length));
            let content = pax.into_content().unwrap();
            let text = String::from_utf8(content).unwrap();
            let (count, _) = text.split_once(' ').unwrap();
            assert_eq!(count.parse(), Ok(text.len()), "{length}");
        }
    }
}
