//! `runlake info`: what a lake holds.

use runlake_lake::info::info as read_info;
use runlake_lake::{Lake, Location};
use runlake_types::{Json, Object};

use crate::arguments::{Format, Info};
use crate::exit_code;
use crate::format::print_sheet;
use crate::report::say;
use crate::sheet::Sheet;

pub(crate) async fn info(options: &Info) -> anyhow::Result<u8> {
    let lake = Lake::open(Location::parse(&options.lake)?).await?;
    let info = read_info(&lake).await?;
    let count = |value: u64| Json::from(i64::try_from(value).unwrap_or(i64::MAX));
    let mut projects = Sheet::new(&["entity", "project", "runs", "incomplete_runs", "history_rows", "system_rows"]);
    for project in &info.projects {
        projects.rows.push(vec![
            Json::from(project.project.entity.as_str()),
            Json::from(project.project.project.as_str()),
            count(project.runs as u64),
            count(project.incomplete_runs as u64),
            count(project.history_rows),
            count(project.system_rows),
        ]);
    }
    let mut tables = Sheet::new(&["table", "version", "files", "bytes", "rows", "columns"]);
    for table in &info.tables {
        let counts = [table.version, table.files as u64, table.bytes, table.rows, table.columns as u64];
        tables.rows.push(std::iter::once(Json::from(table.name)).chain(counts.map(count)).collect());
    }
    if options.format == Format::Json {
        let list = |sheet: &Sheet| Json::Array(sheet.objects().map(Json::Object).collect());
        let whole = Object::from([
            ("location".to_owned(), Json::from(lake.location().to_string())),
            ("projects".to_owned(), list(&projects)),
            ("tables".to_owned(), list(&tables)),
        ]);
        let mut sheet = Sheet::new(&["location", "projects", "tables"]);
        sheet.rows.push(whole.into_values().collect());
        print_sheet(&sheet, Format::Ndjson, None)?;
        return Ok(exit_code::OK);
    }
    say(&format!("lake {}", lake.location()));
    print_sheet(&projects, options.format, None)?;
    if options.format == Format::Table {
        say("");
        print_sheet(&tables, options.format, None)?;
    }
    Ok(exit_code::OK)
}
