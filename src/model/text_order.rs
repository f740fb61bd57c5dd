//! Texts in order, with the beginning of each beside it as a number: most comparisons of a sort end there and need not look
//! where the text lies.

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

#[cfg(test)]
mod tests {
    use super::*;

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
