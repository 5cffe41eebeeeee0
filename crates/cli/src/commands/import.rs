//! `runlake import`: offline run logs into a lake.

use runlake_lake::import::{ImportOptions, ImportReport, import as import_logs};
use runlake_lake::{Lake, Location};
use runlake_types::{Json, RunState};

use crate::arguments::Import;
use crate::exit_code;
use crate::format::print_sheet;
use crate::progress::Progress;
use crate::report::say;
use crate::sheet::Sheet;

pub(crate) async fn import(options: &Import) -> anyhow::Result<u8> {
    let lake = Lake::open_or_create(Location::parse(&options.lake)?).await?;
    let import_options = ImportOptions {
        entity: options.entity.clone(),
        project: options.project.clone(),
        unfinished_state: options.unfinished.as_deref().map(RunState::from_name),
        with_files: options.files,
    };
    let mut progress = Progress::new("importing", None);
    let report = import_logs(&lake, &options.paths, &import_options, &mut |event| progress.note(&event)).await;
    progress.finish();
    let report = report?;
    print_sheet(&sheet(&report), options.format, None)?;
    report_damage(&report);
    say(&format!("{} runs and {} rows are in {}", report.runs.len(), report.runs.iter().map(|run| run.rows).sum::<u64>(), lake.location()));
    if report.failed.is_empty() {
        return Ok(exit_code::OK);
    }
    for (log, error) in &report.failed {
        say(&format!("error: {} was not imported: {error}", log.display()));
        error.hint().into_iter().for_each(|hint| say(&format!("hint: {hint}")));
    }
    Ok(exit_code::PARTIAL)
}

/// Says what of damaged logs could not be read: it stops nothing, and nobody should have to look for it.
pub(crate) fn report_damage(report: &ImportReport) {
    for (log, damage) in report.runs.iter().flat_map(|run| &run.damage) {
        let first = damage.regions.first().map(ToString::to_string).unwrap_or_default();
        let more = if damage.region_count > 1 { format!(" and {} more places", damage.region_count - 1) } else { String::new() };
        say(&format!("warning: {}: {first}{more}; every row that can be read before and after was read", log.display()));
    }
}

fn sheet(report: &ImportReport) -> Sheet {
    let mut sheet = Sheet::new(&["entity", "project", "run_id", "state", "rows", "damaged"]);
    for run in &report.runs {
        sheet.rows.push(vec![
            Json::from(run.run.entity.as_str()),
            Json::from(run.run.project.as_str()),
            Json::from(run.run.run_id.as_str()),
            Json::from(run.state.as_str()),
            Json::from(i64::try_from(run.rows).unwrap_or(i64::MAX)),
            Json::from(!run.damage.is_empty()),
        ]);
    }
    sheet
}
