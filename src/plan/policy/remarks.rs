//! What the administrator should know about rules before they surprise: ends that are near, ends that are past, and
//! rules that meet nothing.

use chrono::NaiveDate;

use super::Rules;
use crate::model::package::Inventory;
use crate::model::rule::{Block, BlockSubject, Waiver};

/// From this many days before its end on, a waiver is told (issue 6: 14 days ahead).
const WARNED_DAYS: i64 = 14;

/// Returns one sentence for each rule that needs somebody's attention on a day, in the order of the files.
pub fn remarks(rules: &Rules, inventory: &Inventory, today: NaiveDate) -> Vec<String> {
    let waivers = rules.waivers.iter().filter_map(|waiver| about_waiver(waiver, today));
    let blocks = rules.blocks.iter().filter_map(|block| about_block(block, inventory, today));
    waivers.chain(blocks).collect()
}

fn about_waiver(waiver: &Waiver, today: NaiveDate) -> Option<String> {
    let Waiver { name, expires, approved_by, place, .. } = waiver;
    let left = (*expires - today).num_days();
    if left < 0 {
        return Some(format!("waiver {name} expired on {expires}: its findings count again ({place})"));
    }
    let when = match left {
        0 => "ends today".to_owned(),
        1 => "ends tomorrow".to_owned(),
        _ => format!("ends in {left} days"),
    };
    (left <= WARNED_DAYS).then(|| format!("waiver {name} {when}, approved by {approved_by} ({place})"))
}

fn about_block(block: &Block, inventory: &Inventory, today: NaiveDate) -> Option<String> {
    let Block { name, owner, place, .. } = block;
    if block.is_over(today) {
        return Some(format!("block {name} is over: patchctl unblock {name} removes it ({place})"));
    }
    if let BlockSubject::Package { name: package, .. } = &block.subject {
        let is_installed = inventory
            .packages
            .iter()
            .any(|installed| installed.name == *package || installed.source.name == *package);
        if !is_installed {
            return Some(format!("block {name} names {package}, which is not installed ({place})"));
        }
    }
    let review = block.review.filter(|review| today >= *review)?;
    Some(format!("block {name} was to be reviewed by {owner} on {review} ({place})"))
}
