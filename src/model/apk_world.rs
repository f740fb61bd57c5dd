//! apk's world: what the administrator asked for, and which versions that allows (apk-world(5)).
//!
//! `name`, `name@tag`, `name=1.2-r0`, `name~1.2`, `name<2`, `name>=1`, `name><Q1…=` (the archive of that checksum alone),
//! and `!name`, which keeps a package out.

use std::cmp::Ordering;

use super::version::apk;

/// The words of a world file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct World {
    wishes: Vec<Wish>,
}

/// One word of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// As it is written.
    pub text: String,
    /// The package, or what packages provide.
    pub name: String,
    /// The repository that it may come from, without the `@`.
    pub tag: Option<String>,
    /// It is to be absent.
    pub is_conflict: bool,
    condition: Option<(String, String)>,
}

impl World {
    /// Reads a world file. Any text is one.
    pub fn parse(text: &str) -> Self {
        Self { wishes: text.split_whitespace().map(Wish::parse).collect() }
    }

    /// Returns the wishes that name a package.
    pub fn about<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Wish> {
        self.wishes.iter().filter(move |wish| wish.name == name)
    }

    /// Returns the wish that refuses a version of a package.
    pub fn refusing<'a>(&'a self, name: &'a str, version: &'a str) -> Option<&'a Wish> {
        self.about(name).find(|wish| !wish.allows(version))
    }

    /// Tells whether a package is kept in exactly one version: nothing newer can come while the word stands.
    pub fn pins(&self, name: &str) -> bool {
        self.about(name).any(Wish::is_exact)
    }
}

impl Wish {
    fn parse(word: &str) -> Self {
        let (is_conflict, bare) = word.strip_prefix('!').map_or((false, word), |bare| (true, bare));
        let end = bare.find(['=', '<', '>', '~']).unwrap_or(bare.len());
        let (named, condition) = bare.split_at(end);
        let (name, tag) = named.split_once('@').map_or((named, None), |(name, tag)| (name, Some(tag)));
        let wanted = condition.trim_start_matches(['=', '<', '>', '~']);
        let operator = &condition[..condition.len() - wanted.len()];
        Self {
            text: word.to_owned(),
            name: name.to_owned(),
            tag: tag.map(str::to_owned),
            is_conflict,
            condition: (!condition.is_empty()).then(|| (operator.to_owned(), wanted.to_owned())),
        }
    }

    fn is_exact(&self) -> bool {
        let operator = self.condition.as_ref().map(|(operator, _)| operator.as_str());
        !self.is_conflict && matches!(operator, Some("=" | "==" | "><"))
    }

    /// Tells whether a version may be installed. What cannot be compared is not allowed.
    pub fn allows(&self, version: &str) -> bool {
        let meets = match &self.condition {
            None => true,
            Some((operator, wanted)) => meets(version, operator, wanted),
        };
        meets != self.is_conflict
    }
}

fn meets(version: &str, operator: &str, wanted: &str) -> bool {
    // A checksum names one archive, and no version.
    if operator == "><" {
        return false;
    }
    let order = match operator.contains('~') {
        true => apk::compare_within(version, wanted),
        false => apk::compare(version, wanted),
    };
    let allowed: &[Ordering] = match operator.replace('~', "").as_str() {
        "" | "=" | "==" => &[Ordering::Equal],
        "<" => {
            if operator.contains('~') {
                &[Ordering::Less, Ordering::Equal]
            } else {
                &[Ordering::Less]
            }
        }
        "<=" | "=<" => &[Ordering::Less, Ordering::Equal],
        ">" => {
            if operator.contains('~') {
                &[Ordering::Greater, Ordering::Equal]
            } else {
                &[Ordering::Greater]
            }
        }
        ">=" | "=>" => &[Ordering::Greater, Ordering::Equal],
        _ => &[],
    };
    order.is_some_and(|order| allowed.contains(&order))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusing(text: &str, name: &str, version: &str) -> Option<String> {
        World::parse(text).refusing(name, version).map(|wish| wish.text.clone())
    }

    #[test]
    fn each_kind_of_pin_allows_what_apk_allows() {
        let world = "bare exact=1.0-r0 alike~1.2 below<2 above>1 above2>=1.1 not!=x !gone tagged@edge=3-r0\n";
        for (name, version, allowed) in [
            ("bare", "9-r0", true),
            ("exact", "1.0-r0", true),
            ("exact", "1.0-r1", false),
            ("alike", "1.2.5-r3", true),
            ("alike", "1.3-r0", false),
            ("below", "1.9-r4", true),
            ("below", "2-r0", false),
            ("above", "1.1-r0", true),
            ("above", "1-r0", true),
            ("above2", "1.0-r9", false),
            ("gone", "1-r0", false),
            ("tagged", "3-r0", true),
            ("tagged", "4-r0", false),
            ("nobody", "1-r0", true),
            ("below", "no version", false),
        ] {
            assert_eq!(refusing(world, name, version).is_none(), allowed, "{name} {version}");
        }
        assert_eq!(refusing(world, "exact", "1.0-r1").as_deref(), Some("exact=1.0-r0"));
    }

    #[test]
    fn a_pin_to_one_version_or_one_archive_holds() {
        let world = World::parse("a=1.0-r0 b~1 c<2 d><Q1oB2b4+l+w7/f4KlUPr1AiTaMSZM= e !f=1 g@edge");
        let pinned: Vec<&str> =
            ["a", "b", "c", "d", "e", "f", "g"].into_iter().filter(|name| world.pins(name)).collect();
        assert_eq!(pinned, ["a", "d"]);
        assert_eq!(world.about("g").next().and_then(|wish| wish.tag.clone()).as_deref(), Some("edge"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "(a|!|@|=|<|>|~|1\\.0|-r0| |\\PC){0,20}", version in "(1|\\.|-r0|\\PC){0,8}") {
            let world = World::parse(&text);
            let _ = world.refusing("a", &version);
            let _ = world.pins("a");
        }
    }
}
