//! `runlake export`: a project of the service into a lake.

use runlake_lake::export::{ExportOptions, ExportReport, export as export_project};
use runlake_lake::{Lake, Location};
use runlake_types::{Filter, Json, ProjectPath};

use crate::arguments::Export;
use crate::connection::connect;
use crate::exit_code;
use crate::format::print_sheet;
use crate::progress::Progress;
use crate::report::say;
use crate::sheet::Sheet;

pub(crate) async fn export(options: &Export) -> anyhow::Result<u8> {
    // Everything that can be wrong with the arguments is found before the lake is touched.
    let project = ProjectPath::parse(&options.project)?;
    let export_options = ExportOptions { filter: Filter::parse(&options.filters)?, keep_deleted: options.keep_deleted };
    let location = Location::parse(&options.lake)?;
    let client = connect(&options.connection)?;
    client.project(&project).await?;
    let lake = Lake::open_or_create(location).await?;
    let mut progress = Progress::new("exporting");
    let report = export_project(&client, &project, &lake, &export_options, &mut |event| progress.note(&event)).await;
    progress.finish();
    let report = report?;
    print_sheet(&sheet(&report), options.format, None)?;
    say(&format!(
        "{} runs written, {} unchanged, {} removed, {} failed; the lake is {}",
        report.written.len(),
        report.unchanged,
        report.removed.len(),
        report.failed.len(),
        lake.location()
    ));
    if report.failed.is_empty() {
        return Ok(exit_code::OK);
    }
    for (run, error) in &report.failed {
        say(&format!("error: {run} was not exported: {error}"));
    }
    say("hint: run the same command again: only what is missing is read");
    Ok(exit_code::PARTIAL)
}

fn sheet(report: &ExportReport) -> Sheet {
    let mut sheet = Sheet::new(&["entity", "project", "run_id", "outcome", "state", "rows", "last_step", "completeness"]);
    let number = |value: Option<i64>| value.map_or(Json::Null, Json::from);
    for run in &report.written {
        sheet.rows.push(vec![
            Json::from(run.run.entity.as_str()),
            Json::from(run.run.project.as_str()),
            Json::from(run.run.run_id.as_str()),
            Json::from("written"),
            Json::from(run.state.as_str()),
            number(i64::try_from(run.rows).ok()),
            number(run.last_step),
            Json::from(run.completeness.as_str()),
        ]);
    }
    let others = report.removed.iter().map(|run| (run, "removed")).chain(report.failed.iter().map(|(run, _)| (run, "failed")));
    for (run, outcome) in others {
        let mut row =
            vec![Json::from(run.entity.as_str()), Json::from(run.project.as_str()), Json::from(run.run_id.as_str()), Json::from(outcome)];
        row.resize(sheet.columns.len(), Json::Null);
        sheet.rows.push(row);
    }
    sheet
}
