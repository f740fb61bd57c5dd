//! The shipped JSON Schemas are those of the types, and a report fits its own.

use patchctl::model::failure::FailureKind;
use patchctl::report::contract::schemas;
use patchctl::report::schema::{Report, ReportError};

use super::{assert_shipped, write_shipped};

fn shipped() -> Vec<(String, Vec<u8>)> {
    let file = |(name, schema): (&str, schemars::Schema)| {
        let mut text = serde_json::to_string_pretty(&schema).expect("schemas are JSON");
        text.push('\n');
        (format!("packaging/schemas/{name}"), text.into_bytes())
    };
    schemas().into_iter().map(file).collect()
}

#[test]
fn schemas_are_current() {
    for (path, content) in shipped() {
        assert_shipped(&path, &content);
    }
}

#[test]
fn a_report_that_is_only_an_error_fits_the_schema() {
    let mut report = Report::begin("scan", chrono::DateTime::UNIX_EPOCH);
    let hints = vec!["patchctl feeds refresh".to_owned()];
    report.error = Some(ReportError { kind: FailureKind::MissingFeed, message: "no feed".into(), hints });
    let (_, schema) = schemas().into_iter().find(|(name, _)| *name == "report-1.json").expect("in the table");
    let validator = jsonschema::validator_for(schema.as_value()).expect("the schema is sound");
    let value = serde_json::to_value(&report).expect("reports are JSON");
    assert!(validator.is_valid(&value), "{value}");
    assert!(!validator.is_valid(&serde_json::json!({ "schema": "patchctl.report/1" })));
}

#[test]
#[ignore = "writes the schemas anew"]
fn write_generated_files() {
    shipped().iter().for_each(|(path, content)| write_shipped(path, content));
}
