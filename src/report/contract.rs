//! The JSON documents as schemas, from the same types that write them.

use schemars::{Schema, schema_for};

use super::bundle::BundleDocument;
use super::comparison::ReportDifference;
use super::doctor::DoctorDocument;
use super::documents::{
    DetachedDocument, FeedsDocument, HistoryDocument, NeedsRestartDocument, PlanDifference, RollbackPreview,
    StatusDocument, WhyDocument,
};
use super::fleet::Fleet;
use super::motd::PublicSummary;
use super::period::Period;
use super::reboot::RebootDocument;
use super::rules::{PolicyDocument, PolicyPreview, RuleChange};
use super::schedule::ScheduleDocument;
use super::schema::Report;
use crate::model::evidence::Evidence;
use crate::model::plan::PatchPlan;

/// Returns every document's schema (JSON Schema 2020-12) with the name of its shipped file.
pub fn schemas() -> Vec<(&'static str, Schema)> {
    vec![
        ("report-1.json", schema_for!(Report)),
        ("plan-1.json", schema_for!(PatchPlan)),
        ("evidence-1.json", schema_for!(Evidence)),
        ("why-1.json", schema_for!(WhyDocument)),
        ("history-1.json", schema_for!(HistoryDocument)),
        ("status-1.json", schema_for!(StatusDocument)),
        ("feeds-1.json", schema_for!(FeedsDocument)),
        ("rollback-preview-1.json", schema_for!(RollbackPreview)),
        ("plan-diff-1.json", schema_for!(PlanDifference)),
        ("needs-restart-1.json", schema_for!(NeedsRestartDocument)),
        ("doctor-1.json", schema_for!(DoctorDocument)),
        ("detached-1.json", schema_for!(DetachedDocument)),
        ("report-diff-1.json", schema_for!(ReportDifference)),
        ("fleet-1.json", schema_for!(Fleet)),
        ("period-1.json", schema_for!(Period)),
        ("summary-1.json", schema_for!(PublicSummary)),
        ("policy-1.json", schema_for!(PolicyDocument)),
        ("policy-preview-1.json", schema_for!(PolicyPreview)),
        ("rule-change-1.json", schema_for!(RuleChange)),
        ("schedule-1.json", schema_for!(ScheduleDocument)),
        ("reboot-1.json", schema_for!(RebootDocument)),
        ("bundle-content-1.json", schema_for!(BundleDocument)),
    ]
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    use super::super::text::samples::{self, health, rehearsals, rules, runs};
    use super::*;

    /// Proves that a document fits its schema, survives the way through JSON, and has no null.
    fn assert_fits<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(file: &str, document: &T) {
        let schemas = schemas();
        let (_, schema) = schemas.iter().find(|(name, _)| *name == file).expect("the schema is in the table");
        let validator = jsonschema::validator_for(schema.as_value()).expect("the schema is sound");
        let value = serde_json::to_value(document).expect("JSON can hold it");
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{file}: {errors:?}");
        assert!(!value.to_string().contains("null"), "{file}: absent, never null");
        let back: T = serde_json::from_value(value).expect("it can be read back");
        assert_eq!(&back, document, "{file}");
    }

    #[test]
    fn documents_fit_their_schemas() {
        assert_fits("report-1.json", &samples::scan());
        assert_fits("report-1.json", &runs::patched());
        assert_fits("report-1.json", &runs::rolled_back());
        assert_fits("plan-1.json", &runs::plan());
        assert_fits("evidence-1.json", &rehearsals::evidence());
        assert_fits("report-1.json", &rehearsals::passed());
        assert_fits("report-1.json", &rehearsals::failed());
        assert_fits("why-1.json", &runs::why());
        assert_fits("history-1.json", &runs::history());
        assert_fits("status-1.json", &runs::status());
        assert_fits("feeds-1.json", &runs::feeds());
        assert_fits("rollback-preview-1.json", &runs::preview());
        assert_fits("report-1.json", &health::unwell());
        assert_fits("needs-restart-1.json", &health::needs_restart());
        assert_fits("policy-1.json", &rules::shown());
        assert_fits("policy-preview-1.json", &rules::preview());
        assert_fits("rule-change-1.json", &rules::added());
        assert_fits("bundle-content-1.json", &rules::bundle());
        rules::reboots().iter().for_each(|document| assert_fits("reboot-1.json", document));
        assert_fits("doctor-1.json", &health::doctor());
    }

    #[test]
    fn a_verdict_that_does_not_exist_is_refused() {
        let schemas = schemas();
        let validator = jsonschema::validator_for(schemas[0].1.as_value()).expect("the schema is sound");
        let mut value = serde_json::to_value(samples::scan()).expect("JSON can hold it");
        value["findings"][0]["verdict"] = "probably-fine".into();
        assert!(!validator.is_valid(&value));
    }
}
