//! What holds for every text that an editor accepts: nothing crashes, a value that is set reads back, setting it again
//! changes nothing, and where nothing is meant no byte changes.

use proptest::prelude::*;

use super::apt_conf;
use super::git_config::GitConfig;
use super::ini::{Flavour, Ini};
use super::json;
use super::toml::{self, way};
use super::yaml::Yaml;
use super::yarnrc::YarnRc;

/// Texts made of what the formats care about.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "[a-c]{1,3}",
        "\u{e4}\u{2019}?",
        Just("key".to_owned()),
        Just("[s]".to_owned()),
        Just("[s \"t\"]".to_owned()),
        Just("[[s]]".to_owned()),
        Just("= ".to_owned()),
        Just(": ".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n  ".to_owned()),
        Just("\"a\"".to_owned()),
        Just("[\"a\", \"b\"]".to_owned()),
        Just("{ \"key\": [".to_owned()),
        Just("]}".to_owned()),
        Just("key = \"x\"\n".to_owned()),
        Just("key \"x\";".to_owned()),
        Just("key: 'it''s' # c\n".to_owned()),
        "[#;/*'\"\\\\{}\\-\\.,= \t:]",
    ];
    proptest::collection::vec(word, 0..14).prop_map(|words| words.concat())
}

/// Values as settings have them: URLs and paths, without control characters.
fn value() -> impl Strategy<Value = String> {
    "[a-z/]([ -~\u{e4}]{0,10}[a-z/])?"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn ini(text in text(), value in value()) {
        for (flavour, section) in [(Flavour::Pip, Some("s")), (Flavour::Npm, None)] {
            let Ok(mut ini) = Ini::parse(&text, flavour) else { continue };
            prop_assert_eq!(ini.clone().into_text(), text.clone());
            ini.remove_words("key", |word| word == "a");
            ini.set(section, "key", &value);
            let once = ini.into_text();
            let mut again = Ini::parse(&once, flavour).map_err(|e| TestCaseError::fail(format!("{e:?}: {once}")))?;
            prop_assert_eq!(again.get(section, "key"), Some(value.clone()), "{:?}", once);
            again.set(section, "key", &value);
            prop_assert_eq!(again.clone().into_text(), once);
            again.remove(|entry| entry.key == "key");
            prop_assert!(Ini::parse(&again.into_text(), flavour).is_ok());
        }
    }

    #[test]
    fn git_config(text in text(), value in value()) {
        let Ok(mut config) = GitConfig::parse(&text) else { return Ok(()) };
        prop_assert_eq!(config.clone().into_text(), text);
        config.set("s", Some("t"), "key", &value);
        let once = config.into_text();
        let mut again = GitConfig::parse(&once).map_err(|e| TestCaseError::fail(format!("{e:?}: {once}")))?;
        let read = again.entries().into_iter().rfind(|e| e.subsection.as_deref() == Some("t") && e.key == "key");
        prop_assert_eq!(read.and_then(|e| e.value), Some(value.clone()), "{:?}", once);
        again.set("s", Some("t"), "key", &value);
        prop_assert_eq!(again.clone().into_text(), once);
        again.remove(|entry| entry.key == "key");
        prop_assert!(GitConfig::parse(&again.into_text()).is_ok());
    }

    #[test]
    fn yaml(text in text(), value in value()) {
        let Ok(mut yaml) = Yaml::parse(&text) else { return Ok(()) };
        prop_assert_eq!(yaml.clone().into_text(), text);
        yaml.set("key", &value);
        let once = yaml.into_text();
        let mut again = Yaml::parse(&once).map_err(|e| TestCaseError::fail(format!("{e:?}: {once}")))?;
        let read = again.entries().into_iter().rfind(|e| e.key == "key").map(|e| e.value);
        prop_assert_eq!(read, Some(value.clone()), "{:?}", once);
        again.set("key", &value);
        prop_assert_eq!(again.clone().into_text(), once);
        again.remove(|entry| entry.key == "key");
        prop_assert!(Yaml::parse(&again.into_text()).is_ok());
    }

    #[test]
    fn yarnrc(text in text(), value in value()) {
        let Ok(mut rc) = YarnRc::parse(&text) else { return Ok(()) };
        prop_assert_eq!(rc.clone().into_text(), text);
        rc.set("key", &value);
        let once = rc.into_text();
        let mut again = YarnRc::parse(&once).map_err(|e| TestCaseError::fail(format!("{e:?}: {once}")))?;
        prop_assert_eq!(again.get("key"), Some(value.clone()), "{:?}", once);
        again.set("key", &value);
        prop_assert_eq!(again.into_text(), once);
    }

    #[test]
    fn apt_conf(text in text(), value in "[a-z/]([ !#-~\u{e4}]{0,10}[a-z/])?") {
        let Ok(once) = apt_conf::set(&text, "A::Key", &value) else { return Ok(()) };
        let entries = apt_conf::entries(&once).map_err(|e| TestCaseError::fail(format!("{e:?}: {once}")))?;
        let read = entries.into_iter().rfind(|e| e.name == "a::key").map(|e| e.value);
        prop_assert_eq!(read, Some(value.clone()), "{:?}", once);
        prop_assert_eq!(apt_conf::set(&once, "A::Key", &value), Ok(once.clone()));
        let removed = apt_conf::remove(&once, |entry| entry.name.ends_with("key"));
        prop_assert!(removed.is_ok_and(|(text, _)| apt_conf::entries(&text).is_ok()), "{:?}", once);
    }

    #[test]
    fn json(text in text()) {
        let Ok((once, _)) = json::remove_strings(&text, "key", |word| word == "a") else { return Ok(()) };
        prop_assert_eq!(json::remove_strings(&once, "key", |word| word == "a"), Ok((once, Vec::new())));
    }

    #[test]
    fn toml(text in text()) {
        let Ok((once, _)) = toml::remove_strings(&text, &way(&["key"]), |word| word == "a") else { return Ok(()) };
        prop_assert_eq!(toml::remove_strings(&once, &way(&["key"]), |word| word == "a"), Ok((once.clone(), Vec::new())));
        let gone = toml::remove(&once, &way(&["s", "key"]));
        prop_assert!(gone.is_ok_and(|text| toml::parse(&text).is_ok()), "{:?}", once);
    }
}
