//! Texts in order, with the beginning of each beside it as a number: most comparisons of a sort end there and need not look
//! where the text lies.

use std::cmp::Ordering;

/// Bytes of a text that its number holds. Many package names share their first eight (`python3-`, `libghc-`).
const LEAD: usize = 16;

/// Returns the beginning of a text as a number. Of two texts with different numbers that with the lower one comes first;
/// equal numbers tell nothing.
pub fn lead(text: &str) -> u128 {
    let mut bytes = [0; LEAD];
    let count = text.len().min(LEAD);
    bytes[..count].copy_from_slice(&text.as_bytes()[..count]);
    u128::from_be_bytes(bytes)
}

/// Puts the number of a text before it: such pairs are in the order of their texts.
pub fn keyed<Text: AsRef<str>>(text: Text) -> (u128, Text) {
    (lead(text.as_ref()), text)
}

/// Sorts items by an order in which a text of theirs comes first; equal ones stay as they are. Each item is moved once, and
/// none where they are in order.
pub fn sort_by<T>(items: Vec<T>, text: impl Fn(&T) -> &str, order: impl Fn(&T, &T) -> Ordering) -> Vec<T> {
    let keys = items.iter().map(|item| lead(text(item)));
    let mut places: Vec<(u128, usize)> = keys.zip(0..).collect();
    places.sort_by(|(lead, at), (other_lead, other)| {
        lead.cmp(other_lead).then_with(|| order(&items[*at], &items[*other]))
    });
    if places.iter().map(|(_, at)| at).is_sorted() {
        return items;
    }
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    places.into_iter().filter_map(|(_, at)| items[at].take()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_sorted_by_text_and_then_by_the_rest() {
        let order = |a: &(&str, u8), b: &(&str, u8)| a.cmp(b);
        let items =
            vec![("python3-a-long-namf", 0), ("b", 2), ("python3-a-long-name", 1), ("b", 1), ("a", 9)];
        let mut expected = items.clone();
        expected.sort_unstable();
        let sorted = sort_by(items, |item| item.0, order);
        assert_eq!(sorted, expected);
        assert_eq!(sort_by(sorted, |item| item.0, order), expected);
    }

    #[test]
    fn pairs_are_in_the_order_of_their_texts() {
        let long = "python3-a-long-name";
        let texts = ["", "\0", "a", "a\0", "ab", "b", "python3-", long, "python3-a-long-namf", "é"];
        for one in texts {
            for other in texts {
                assert_eq!(keyed(one).cmp(&keyed(other)), one.cmp(other), "{one:?} {other:?}");
            }
        }
    }
}
