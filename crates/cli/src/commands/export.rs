//! `runlake export`: a project of the service into a lake.

use runlake_fetch::Client;
use runlake_lake::compare::compare;
use runlake_lake::export::{ExportOptions, ExportReport, Need, Shard, export as export_project};
use runlake_lake::{ErrorKind, Lake, Location};
use runlake_types::{Filter, Json, ProjectPath};

use crate::arguments::{Export, Layout};
use crate::connection::connect;
use crate::exit_code;
use crate::format::print_sheet;
use crate::progress::Progress;
use crate::report::{UsageError, say};
use crate::sheet::Sheet;
use crate::time_span::parse_since;

pub(crate) async fn export(options: &Export) -> anyhow::Result<u8> {
    // Everything that can be wrong with the arguments is found before the lake is touched.
    let project = ProjectPath::parse(&options.project)?;
    let export_options = ExportOptions {
        filter: filter(options)?,
        keys: options.keys.clone(),
        shard: shard(options)?,
        keep_deleted: options.keep_deleted,
        refresh: options.refresh,
        dry_run: options.dry_run,
        with_files: options.files,
        with_long_form: options.layout == Layout::Long,
    };
    let location = Location::parse(&options.lake)?;
    if options.files && location.as_folder().is_none() {
        return Err(runlake_lake::Error::from(ErrorKind::FilesNeedDisk { location: location.to_string() }).into());
    }
    let client = connect(&options.connection)?;
    client.project(&project).await?;
    let nowhere = tempfile::tempdir()?;
    let lake = match Lake::open(location.clone()).await {
        // What would be done to a lake that is not there is what would be done to an empty one, which leaves no trace.
        Err(error) if options.dry_run && matches!(error.kind(), ErrorKind::NoLake { .. }) => {
            Lake::open_or_create(Location::folder(nowhere.path())?).await?
        }
        _ => Lake::open_or_create(location.clone()).await?,
    };
    let mut progress = Progress::new("exporting", Some(&client));
    let report = export_project(&client, &project, &lake, &export_options, &mut |event| progress.note(&event)).await;
    progress.finish();
    let report = report?;
    print_sheet(&sheet(&report), options.format, None)?;
    let would = if options.dry_run { "nothing was done; it would be: " } else { "" };
    say(&format!(
        "{would}{} runs written, {} unchanged, {} removed, {} failed; the lake is {}",
        report.written.len(),
        report.unchanged,
        report.removed.len(),
        report.failed.len(),
        location
    ));
    let differences = if options.verify { compare_with_service(&client, &project, &lake, &export_options).await? } else { 0 };
    if report.failed.is_empty() {
        return Ok(if differences == 0 { exit_code::OK } else { exit_code::FAULTS });
    }
    for (run, error) in &report.failed {
        say(&format!("error: {run} was not exported: {error}"));
    }
    say("hint: run the same command again: only what is missing is read");
    Ok(exit_code::PARTIAL)
}

/// How many differences there are between the service and the lake; each is said.
async fn compare_with_service(client: &Client, project: &ProjectPath, lake: &Lake, options: &ExportOptions) -> anyhow::Result<usize> {
    let comparison = compare(client, project, lake, options).await?;
    comparison.differences.iter().for_each(|difference| say(&format!("difference: {difference}")));
    say(&format!(
        "compared {} runs and {} rows with the service: {} differences",
        comparison.runs,
        comparison.rows,
        comparison.differences.len()
    ));
    Ok(comparison.differences.len())
}

/// The runs that are asked for, by the filter and by time.
fn filter(options: &Export) -> anyhow::Result<Filter> {
    let filter = Filter::parse(&options.filters)?;
    let Some(since) = &options.since else { return Ok(filter) };
    let since = parse_since(since)?;
    let both = format!(r#"{{"$and": [{filter}, {{"heartbeatAt": {{"$gte": "{since}"}}}}]}}"#);
    Ok(Filter::parse(&both)?)
}

fn shard(options: &Export) -> Result<Option<Shard>, UsageError> {
    let parse = |text: &String| {
        Shard::parse(text).ok_or_else(|| UsageError {
            message: format!("`{text}` is no part of several"),
            hint: "write it as 1/4: the first of four parts".to_owned(),
        })
    };
    options.shard.as_ref().map(parse).transpose()
}

fn sheet(report: &ExportReport) -> Sheet {
    let mut sheet = Sheet::new(&["entity", "project", "run_id", "outcome", "state", "rows", "last_step", "completeness"]);
    let number = |value: Option<i64>| value.map_or(Json::Null, Json::from);
    for run in &report.written {
        sheet.rows.push(vec![
            Json::from(run.run.entity.as_str()),
            Json::from(run.run.project.as_str()),
            Json::from(run.run.run_id.as_str()),
            Json::from(match run.need {
                Need::Record => "updated",
                Need::RowsFrom(_) => "appended",
                Need::Everything | Need::Nothing => "written",
            }),
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
