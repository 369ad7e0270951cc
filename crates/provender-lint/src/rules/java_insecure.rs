//! Java properties that switch verification off: `-Dmaven.wagon.http.ssl.insecure=true`.

use provender_core::Level;

use super::Rule;
use super::bypass::{BELIEVED, Bypass, Found, assignments, is_talk};
use super::host;
use crate::facts::Span;
use crate::finding::{Edit, Finding, Fix, Needs};
use crate::source::File;

/// `lint/java-insecure`.
pub(crate) struct JavaInsecure;

const BYPASS: Bypass = Bypass {
    rule: "lint/java-insecure",
    what: "TLS verification of Maven",
    label: BELIEVED,
    because: &["plugins that Maven fetches run during the build"],
    hint: "delete it; where a server's CA is private, import it into the JDK's store with keytool, or \
           name a store in `-Djavax.net.ssl.trustStore`",
};

/// Properties, in lower case, with the value that switches off.
const PROPERTIES: &[(&str, &str)] = &[
    ("maven.wagon.http.ssl.insecure", "true"),
    ("maven.wagon.http.ssl.allowall", "true"),
    ("maven.wagon.http.ssl.ignore.validity.dates", "true"),
    ("maven.resolver.transport.https.securitymode", "insecure"),
    ("aether.transport.https.securitymode", "insecure"),
    ("aether.connector.https.securitymode", "insecure"),
    ("jdk.internal.httpclient.disablehostnameverification", "true"),
];

impl Rule for JavaInsecure {
    fn id(&self) -> &'static str {
        "lint/java-insecure"
    }

    fn level(&self) -> Level {
        Level::Error
    }

    fn summary(&self) -> &'static str {
        "TLS verification of a Java tool is switched off"
    }

    fn page(&self) -> &'static str {
        include_str!("../../../../docs/lint/java-insecure.md")
    }

    fn check(&self, file: &File, findings: &mut Vec<Finding>) {
        for assignment in assignments(file) {
            let mut flags = assignment.value.split_whitespace();
            // A flag that came by way of another variable is told there, one within a command there.
            let written = assignment.value_span().map_or("", |span| &file.text[span]);
            let by_way = written.contains(['`', '(']) || !written.contains("-D");
            if !flags.clone().any(is_off) || (assignment.value_span().is_some() && by_way) {
                continue;
            }
            let all = flags.all(is_off);
            let mut finding = BYPASS.off(assignment.found(), Vec::new());
            if !all && let Some(fix) = finding.fix.take() {
                let value = assignment.value_span();
                finding.fix = value.and_then(|span| among_others(file, span, fix.needs));
            }
            findings.push(finding);
        }
        for command in &file.facts.commands {
            let program = command.invocation().map_or("", |invocation| invocation.program);
            if is_talk(program) {
                continue;
            }
            for word in command.words.iter().filter(|word| is_off(&word.text)) {
                findings.push(BYPASS.off(Found::word(word), host::of_command(command)));
            }
        }
    }
}

/// Whether `-Dname=value` switches off.
fn is_off(flag: &str) -> bool {
    let Some((name, value)) = flag.strip_prefix("-D").and_then(|pair| pair.split_once('=')) else {
        return false;
    };
    let name = name.to_ascii_lowercase();
    PROPERTIES.iter().any(|(one, off)| *one == name && value.eq_ignore_ascii_case(off))
}

/// Takes such flags out of a variable's value that holds others, each with the blanks before it.
fn among_others(file: &File, span: Span, needs: Needs) -> Option<Fix> {
    let written = &file.text[span.clone()];
    let flags = written.split([' ', '\t', '"', '\'']).filter(|flag| is_off(flag));
    let edits: Vec<_> = flags
        .map(|flag| {
            let at = flag.as_ptr() as usize - written.as_ptr() as usize;
            let before = &written[..at];
            let end = at + flag.len();
            let blank = [' ', '\t'];
            let kept = before.trim_end_matches(blank).len();
            // The first takes the blanks behind it, for those before it are none.
            let behind = written[end..].len() - written[end..].trim_start_matches(blank).len();
            let gone = if before.ends_with(blank) { kept..end } else { at..end + behind };
            Edit::delete(span.start + gone.start..span.start + gone.end)
        })
        .collect();
    let title = "delete what switches verification off".to_owned();
    (!edits.is_empty()).then_some(Fix { title, edits, needs })
}

#[cfg(test)]
mod tests {
    use super::JavaInsecure;
    use crate::fix::proof::fixed;
    use crate::rules::proof::messages;

    const OFF: &str = "TLS verification of Maven is switched off";

    #[test]
    fn every_way_to_switch_it_off_is_found() {
        for (path, text, message) in [
            ("a.sh", "mvn -B -Dmaven.wagon.http.ssl.insecure=true package\n", OFF),
            ("a.sh", "export MAVEN_OPTS='-Xmx1g -Dmaven.wagon.http.ssl.allowall=true'\n", OFF),
            ("a.sh", "./mvnw -Daether.transport.https.securityMode=insecure package\n", OFF),
            (
                "Dockerfile",
                "FROM a\nENV MAVEN_OPTS=\"-Dmaven.wagon.http.ssl.insecure=true\"\n",
                OFF,
            ),
            ("Dockerfile", "FROM a\nRUN mvn -Dmaven.wagon.http.ssl.insecure=true package\n", OFF),
        ] {
            assert_eq!(messages(&JavaInsecure, &[(path, text)]), [message], "{path}: {text}");
        }
    }

    #[test]
    fn what_verifies_is_not_found() {
        for (path, text) in [
            ("a.sh", "mvn -Dmaven.wagon.http.ssl.insecure=false package\n"),
            ("a.sh", "mvn -Djavax.net.ssl.trustStore=a.p12 package\n"),
            ("a.sh", "echo -Dmaven.wagon.http.ssl.insecure=true\n"),
        ] {
            assert_eq!(messages(&JavaInsecure, &[(path, text)]), [""; 0], "{path}: {text}");
        }
    }

    #[test]
    fn it_goes_without_debris() {
        for (path, before, after) in [
            (
                "a.sh",
                "mvn -B -Dmaven.wagon.http.ssl.insecure=true -Dmaven.wagon.http.ssl.allowall=true package\n",
                "mvn -B package\n",
            ),
            (
                "Dockerfile",
                "FROM a\nENV MAVEN_OPTS=\"-Xmx1g -Dmaven.wagon.http.ssl.insecure=true -Dmaven.wagon.http.ssl.allowall=true\" A=1\n",
                "FROM a\nENV MAVEN_OPTS=\"-Xmx1g\" A=1\n",
            ),
            (
                "Dockerfile",
                "FROM a\nENV MAVEN_OPTS=-Dmaven.wagon.http.ssl.insecure=true A=1\n",
                "FROM a\nENV A=1\n",
            ),
        ] {
            assert_eq!(fixed(&JavaInsecure, path, before), after, "{path}");
        }
    }

    #[test]
    fn it_is_allowed_by_a_comment_with_a_reason() {
        let text = "# provender: allow lint/java-insecure -- a laboratory\nmvn -Dmaven.wagon.http.ssl.insecure=true package\n";
        assert_eq!(messages(&JavaInsecure, &[("a.sh", text)]), [""; 0]);
    }
}
