//! Which field of a table a complaint is about.
//!
//! Fields that are read one by one are refused where they stand. What is told of several together is told of their table;
//! such a complaint begins with the key of the field at fault (`start "25:00" is not a time of day`).

use std::ops::Range;

use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Reads a list of tables in which what is told of a table as a whole has the place of that table, and not of the list.
///
/// # Errors
/// A table is refused.
pub(super) fn tables<'de, T, D>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    let tables = Vec::<Placed<T>>::deserialize(deserializer)?;
    Ok(Some(tables.into_iter().map(|table| table.0).collect()))
}

/// The reader of toml gives an error that has no place yet that of the newtype in which it happens (1.2, `ValueDeserializer`).
#[derive(Deserialize)]
struct Placed<T>(T);

/// Returns where the value of the field at fault begins, in bytes; `None` where the complaint is about no field of a table,
/// or about one that is not there.
pub(super) fn at_fault(text: &str, table: &Range<usize>, complaint: &str) -> Option<usize> {
    let word = complaint.split([' ', ':']).next()?;
    let document = DeTable::parse(text).ok()?;
    let found = table_at(document.get_ref(), table)?;
    found.iter().find(|(key, _)| key.get_ref() == word).map(|(_, value)| value.span().start)
}

fn table_at<'t, 'i>(table: &'t DeTable<'i>, span: &Range<usize>) -> Option<&'t DeTable<'i>> {
    table.values().find_map(|value| within(value, span))
}

/// The parser refuses what is nested deeper than it goes itself.
fn within<'t, 'i>(value: &'t Spanned<DeValue<'i>>, span: &Range<usize>) -> Option<&'t DeTable<'i>> {
    match value.get_ref() {
        DeValue::Table(inner) if value.span() == *span => Some(inner),
        DeValue::Table(inner) => table_at(inner, span),
        DeValue::Array(items) => items.iter().find_map(|item| within(item, span)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Lists {
        #[serde(deserialize_with = "tables")]
        w: Option<Vec<Even>>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(try_from = "Written")]
    struct Even(u32);

    #[derive(Deserialize)]
    struct Written {
        start: u32,
    }

    impl TryFrom<Written> for Even {
        type Error = String;

        fn try_from(Written { start }: Written) -> Result<Self, String> {
            if start % 2 == 0 { Ok(Self(start)) } else { Err(format!("start {start} is odd")) }
        }
    }

    #[test]
    fn each_table_of_a_list_has_a_place_of_its_own() {
        let sound: Lists = toml::from_str("[[w]]\nstart = 2\n[[w]]\nstart = 4\n").expect("even");
        assert_eq!(sound.w.into_iter().flatten().map(|even| even.0).sum::<u32>(), 6);
        let text = "[[w]]\nstart = 2\n[[w]]\nstart = 3\n";
        let error = toml::from_str::<Lists>(text).expect_err("odd");
        let span = error.span().expect("it has a place");
        assert_eq!(at_fault(text, &span, error.message()), text.find('3'));
    }

    #[test]
    fn the_field_is_that_of_the_table_in_question_and_no_other() {
        let text = "[[w]]\nstart = \"1\"\n\n[[w]]\nstart = \"2\"\nend = 3\n";
        let second = text.rfind("[[w]]").expect("it stands there");
        let span = {
            let document = DeTable::parse(text).expect("sound");
            let Some(DeValue::Array(items)) = document.get_ref().get("w").map(Spanned::get_ref) else {
                panic!("a list of tables")
            };
            items[1].span()
        };
        assert_eq!(span.start, second);
        assert_eq!(at_fault(text, &span, "start \"2\" is late"), text.find("\"2\""));
        assert_eq!(at_fault(text, &span, "end: late"), text.find('3'));
        assert_eq!(at_fault(text, &span, "missing field `x`"), None);
        assert_eq!(at_fault(text, &(0..1), "start is late"), None);
    }
}
