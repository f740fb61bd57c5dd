//! JSON of any document, written as it is made: nothing is gathered first.
//!
//! What a terminal would obey is written as `\uXXXX`. JSON gives the same text back (RFC 8259, section 7), so nothing is
//! lost, and a document that is printed to a terminal moves no cursor and hides nothing.
//!
//! The writer is our own: layout and letters were ours before, and `serde_json`'s serializer around them writes each quote
//! and comma by a call of its own and looks at every letter of every field's name. Without it a scan that prints 8,420
//! findings takes a seventh less time, all in all (benches/RESULTS.md). Numbers are left to it.

mod page;
mod serializer;

use std::io::{self, Write};

use serde::Serialize;

use self::page::Page;
use self::serializer::Value;

/// How a document is laid out on lines.
#[derive(Clone, Copy)]
pub enum Layout {
    /// Each value on a line of its own, indented: for documents whose long lists lie deep.
    Indented,
    /// The same, but an entry of a list stays on one line with all that it has. So a search for lines finds whole findings,
    /// and a scan's report has two thirds of the bytes.
    Entries,
}

/// Writes one document with a line end.
///
/// # Errors
/// `out` cannot be written, or the document has a key that is no text.
pub fn write(document: &impl Serialize, layout: Layout, out: &mut dyn Write) -> io::Result<()> {
    let mut page = Page::new(layout, out);
    document.serialize(Value(&mut page))?;
    page.end()
}

/// A list that is made while it is written.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: IntoIterator,
    I::Item: Serialize,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::text::sanitize::{Repertoire, is_visible};
    use super::*;

    #[test]
    fn hidden_characters_are_escaped_and_come_back() {
        let text = "a\u{1b}[2J\u{9b}\u{7f}\u{202e}\u{e0041}\u{feff}é";
        let json = written(&[text], Layout::Indented);
        assert_eq!(json, "[\n  \"a\\u001b[2J\\u009b\\u007f\\u202e\\udb40\\udc41\\ufeffé\"\n]\n");
        assert_eq!(serde_json::from_str::<Vec<String>>(&json).expect("JSON"), [text]);
    }

    /// Everything that serde's data model has.
    #[derive(Serialize)]
    struct Everything {
        texts: (&'static str, char, Option<&'static str>, Option<u8>),
        numbers: (i8, u16, i32, u64, i64, i128, u128),
        fractions: (f32, f64, f64, f64, f64, f64),
        empty: ((), Unit, [u8; 0], BTreeMap<String, u8>),
        structs: (New, Pair),
        variants: [Variant; 5],
        map: BTreeMap<Key, Vec<bool>>,
    }

    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct New(u8);
    #[derive(Serialize)]
    struct Pair(u8, &'static str);
    #[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
    #[serde(rename_all = "kebab-case")]
    enum Key {
        FirstKey,
        Other(String),
    }
    #[derive(Serialize)]
    enum Variant {
        Unit,
        New(u8),
        Pair(u8, u8),
        Fields { a: u8 },
        Nothing {},
    }

    fn written(document: &impl Serialize, layout: Layout) -> String {
        let mut bytes = Vec::new();
        write(document, layout, &mut bytes).expect("a vector takes everything");
        String::from_utf8(bytes).expect("JSON is UTF-8")
    }

    #[test]
    fn every_kind_of_value_is_written_as_usual() {
        let everything = Everything {
            texts: ("tab\t, quote\", backslash\\, bell\u{7}, \u{8}\u{c}\r\n, é", 'x', Some(""), None),
            numbers: (i8::MIN, u16::MAX, i32::MIN, u64::MAX, i64::MIN, i128::MIN, u128::MAX),
            fractions: (0.1, 5.0, -0.0, 1e-7, 1e300, f64::NAN),
            empty: ((), Unit, [], BTreeMap::new()),
            structs: (New(1), Pair(2, "b")),
            variants: [
                Variant::Unit,
                Variant::New(3),
                Variant::Pair(4, 5),
                Variant::Fields { a: 6 },
                Variant::Nothing {},
            ],
            map: BTreeMap::from([(Key::FirstKey, vec![true, false])]),
        };
        let usual = serde_json::to_string_pretty(&everything).expect("JSON");
        assert_eq!(written(&everything, Layout::Indented), format!("{usual}\n"));
        // On one line: what is a list's entry.
        let usual = serde_json::to_string(&everything).expect("JSON");
        assert_eq!(written(&[everything], Layout::Entries), format!("[\n  {usual}\n]\n"));
    }

    #[test]
    fn a_key_that_is_no_text_is_refused() {
        let map = BTreeMap::from([(Key::Other("x".to_owned()), true)]);
        let error = write(&map, Layout::Indented, &mut Vec::new()).expect_err("refused");
        assert!(error.to_string().contains("a key of JSON is a text"), "{error}");
    }

    #[test]
    fn documents_longer_than_what_is_gathered_arrive_whole() {
        let texts: Vec<String> = (0..20_000).map(|n| format!("text {n}")).collect();
        assert_eq!(
            serde_json::from_str::<Vec<String>>(&written(&texts, Layout::Entries)).expect("JSON"),
            texts
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_back_and_is_visible(text in "(\\PC|[\\x00-\\x80\\u{200b}-\\u{2070}\"\\\\]){0,40}") {
            let json = written(&text, Layout::Indented);
            proptest::prop_assert_eq!(&serde_json::from_str::<String>(&json).expect("JSON"), &text);
            proptest::prop_assert!(json.trim_end().chars().all(|c| is_visible(c, Repertoire::Unicode)));
        }
    }

    #[test]
    fn the_layout_is_the_usual_one() {
        let value = serde_json::json!({ "a": [], "b": {}, "c": [1, { "d": null }] });
        let usual = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(written(&value, Layout::Indented), format!("{usual}\n"));
    }

    #[test]
    fn an_entry_of_a_list_has_a_line() {
        let value = serde_json::json!({ "a": [], "b": { "c": [1, [2]], "d": { "e": "x" } }, "f": [{ "g": [{}], "h": 1 }, 2] });
        let lines = [
            "{",
            r#"  "a": [],"#,
            r#"  "b": {"#,
            r#"    "c": ["#,
            "      1,",
            "      [2]",
            "    ],",
            r#"    "d": {"#,
            r#"      "e": "x""#,
            "    }",
            "  },",
            r#"  "f": ["#,
            r#"    {"g":[{}],"h":1},"#,
            "    2",
            "  ]",
            "}",
            "",
        ];
        assert_eq!(written(&value, Layout::Entries), lines.join("\n"));
    }

    #[test]
    fn levels_deeper_than_the_indent_at_hand_are_indented_too() {
        let value = (0..40).fold(serde_json::json!("deep"), |inner, _| serde_json::json!([inner, {}]));
        let usual = serde_json::to_string_pretty(&value).expect("JSON");
        assert_eq!(written(&value, Layout::Indented), format!("{usual}\n"));
    }
}
