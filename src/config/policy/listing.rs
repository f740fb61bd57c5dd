//! Every value of `[host]` and `[policy]` as it stands, under the key that files have for it.

use serde_json::Value;

use crate::config::settings::Settings;
use crate::model::ring::Membership;

/// Returns key and value of everything that decides what is patched, in a stable order.
pub fn listing(settings: &Settings) -> Vec<(String, String)> {
    let ring = match &settings.ring {
        Membership::Auto => "auto".to_owned(),
        Membership::Named(name) => name.clone(),
    };
    // A word without data is a text in JSON.
    let criticality = serde_json::to_value(settings.criticality).unwrap_or_default();
    let mut listed =
        vec![("host.criticality".to_owned(), text(&criticality)), ("host.ring".to_owned(), ring)];
    let policy = serde_json::to_value(&settings.policy).unwrap_or_default();
    collect("policy", &policy, &mut listed);
    let rings: Vec<String> = settings.policy.rings.iter().map(ToString::to_string).collect();
    listed.push(("policy.rings".to_owned(), joined(&rings)));
    listed.extend(numbered("policy.window", settings.policy.windows.iter().map(ToString::to_string)));
    let reboots = settings.policy.reboot_windows.iter().map(ToString::to_string);
    listed.extend(numbered("policy.reboot_window", reboots));
    listed.extend(numbered("policy.freeze", settings.policy.freezes.iter().map(ToString::to_string)));
    listed
}

/// Goes through tables; lists of tables are told by the caller.
fn collect(key: &str, value: &Value, listed: &mut Vec<(String, String)>) {
    match value {
        Value::Object(table) => {
            for (name, inner) in table.iter().filter(|(name, _)| !is_list_of_tables(name)) {
                collect(&format!("{key}.{name}"), inner, listed);
            }
        }
        Value::Array(items) => {
            listed.push((key.to_owned(), joined(&items.iter().map(text).collect::<Vec<_>>())));
        }
        single => listed.push((key.to_owned(), text(single))),
    }
}

fn is_list_of_tables(name: &str) -> bool {
    ["rings", "windows", "reboot_windows", "freezes"].contains(&name)
}

fn numbered(key: &str, items: impl Iterator<Item = String>) -> Vec<(String, String)> {
    let listed: Vec<_> = items.enumerate().map(|(at, item)| (format!("{key}[{at}]"), item)).collect();
    if listed.is_empty() { vec![(key.to_owned(), "none".to_owned())] } else { listed }
}

fn joined(items: &[String]) -> String {
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        _ => value.as_str().map_or_else(|| value.to_string(), str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config::fragment::Fragment;
    use crate::config::merge::Merged;

    #[test]
    fn every_key_of_the_example_is_listed() {
        let example = include_str!("../../../packaging/patchctl.toml").replace("\n#: ", "\n");
        let path = Path::new("example");
        let mut merged = Merged::default();
        merged.add(path, Fragment::parse(path, example.as_bytes()).expect("valid"));
        let places = merged.origins.clone().into_places();
        let listed = listing(&Settings::from_merged(merged).expect("valid"));
        // Tables of a list are told whole.
        let wanted = places.keys().filter(|key| !key.contains("]."));
        let wanted = wanted.filter(|key| key.starts_with("policy.") || key.starts_with("host."));
        for key in wanted {
            assert!(listed.iter().any(|(known, _)| known == key), "{key} is not among {listed:?}");
        }
    }
}
