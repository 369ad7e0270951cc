//! What every order must hold: any two versions compare, one way only, and smaller than smaller is
//! smaller.

use std::fmt::Debug;
use std::str::FromStr;

use proptest::prelude::*;

use super::{ApkVersion, DebianVersion, NpmVersion};

fn is_an_order<V: Ord + FromStr<Err: Debug>>(texts: [String; 3]) {
    let [a, b, c] = texts.map(|text| text.parse::<V>().unwrap());
    assert!(a.cmp(&a).is_eq());
    assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
    if a <= b && b <= c {
        assert!(a <= c);
    }
    if a == b {
        assert_eq!(a.cmp(&c), b.cmp(&c));
    }
}

fn three(text: &str) -> impl Strategy<Value = [String; 3]> {
    proptest::array::uniform3(proptest::string::string_regex(text).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn debian_versions_are_ordered(
        texts in three("([01]:)?[0-2a~+.é]{1,5}(-[0-2a~+.]{1,4})?")
    ) {
        is_an_order::<DebianVersion>(texts);
    }

    #[test]
    fn apk_versions_are_ordered(
        texts in three("[0-2]{1,2}(\\.[0-2]{1,2}){0,2}[ab]?(_(alpha|rc|git|p)[0-2]?){0,2}(~[0a])?(-r[01]{1,2})?")
    ) {
        is_an_order::<ApkVersion>(texts);
    }

    #[test]
    fn npm_versions_are_ordered(
        texts in three("v?[0-2](\\.[0-2]{1,2}){0,2}(-[0-2a-]{1,2}(\\.[0-2a]){0,2})?(\\+[ab])?")
    ) {
        is_an_order::<NpmVersion>(texts);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "\\PC{0,12}") {
        let _ = (text.parse::<DebianVersion>(), text.parse::<ApkVersion>(), text.parse::<NpmVersion>());
    }
}
