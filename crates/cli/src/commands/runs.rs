//! `runlake runs`: the runs of a project.

use runlake_fetch::RunsQuery;
use runlake_types::{Filter, Json, Object, Order, ProjectPath, RunRecord, near_names};

use crate::arguments::Runs;
use crate::connection::connect;
use crate::exit_code;
use crate::format::print_sheet;
use crate::report::UsageError;
use crate::sheet::Sheet;

/// How a plain column's value is found.
type Getter = fn(&RunRecord) -> Json;

const COLUMNS: [(&str, Getter); 22] = [
    ("run_id", |run| Json::from(run.path.run_id.as_str())),
    ("storage_id", |run| Json::from(run.storage_id.as_str())),
    ("entity", |run| Json::from(run.path.entity.as_str())),
    ("project", |run| Json::from(run.path.project.as_str())),
    ("display_name", |run| text(run.display_name.as_ref())),
    ("state", |run| Json::from(run.state.as_str())),
    ("tags", |run| Json::Array(run.tags.iter().map(|tag| Json::from(tag.as_str())).collect())),
    ("group", |run| text(run.group.as_ref())),
    ("job_type", |run| text(run.job_type.as_ref())),
    ("sweep_id", |run| text(run.sweep_id.as_ref())),
    ("username", |run| text(run.username.as_ref())),
    ("commit", |run| text(run.commit.as_ref())),
    ("notes", |run| text(run.notes.as_ref())),
    ("description", |run| text(run.description.as_ref())),
    ("read_only", |run| run.read_only.map_or(Json::Null, Json::from)),
    ("created_at", |run| run.created_at.map_or(Json::Null, |at| Json::from(at.to_string()))),
    ("heartbeat_at", |run| run.heartbeat_at.map_or(Json::Null, |at| Json::from(at.to_string()))),
    ("history_line_count", |run| run.history_line_count.and_then(|count| i64::try_from(count).ok()).map_or(Json::Null, Json::from)),
    ("last_step", |run| run.last_step().map_or(Json::Null, Json::from)),
    ("config", |run| Json::Object(run.config.clone())),
    ("summary", |run| Json::Object(run.summary.clone())),
    ("system_metrics", |run| Json::Object(run.system_metrics.clone())),
];

fn text(value: Option<&String>) -> Json {
    value.map_or(Json::Null, |value| Json::from(value.as_str()))
}

/// Everything of a run, by the names of the columns.
pub(crate) fn record_object(run: &RunRecord) -> Object {
    COLUMNS.iter().map(|(name, getter)| ((*name).to_owned(), getter(run))).collect()
}

/// A column of the listing.
enum Column {
    Plain(Getter),
    Config(String),
    Summary(String),
}

impl Column {
    fn parse(name: &str) -> anyhow::Result<Self> {
        if let Some(key) = name.strip_prefix("config.") {
            return Ok(Self::Config(key.to_owned()));
        }
        if let Some(key) = name.strip_prefix("summary.").or_else(|| name.strip_prefix("summary_metrics.")) {
            return Ok(Self::Summary(key.to_owned()));
        }
        if let Some((_, getter)) = COLUMNS.iter().find(|(known, _)| *known == name) {
            return Ok(Self::Plain(*getter));
        }
        let near = near_names(name, COLUMNS.iter().map(|(known, _)| *known));
        let near = if near.is_empty() { String::new() } else { format!("; is it {}?", near.join(" or ")) };
        let known: Vec<&str> = COLUMNS.iter().map(|(known, _)| *known).collect();
        let hint = format!("columns are {}, config.KEY and summary.KEY", known.join(", "));
        Err(UsageError { message: format!("runs have no column `{name}`{near}"), hint }.into())
    }

    fn value(&self, run: &RunRecord) -> Json {
        match self {
            Self::Plain(getter) => getter(run),
            Self::Config(key) => run.config_value(key).cloned().unwrap_or(Json::Null),
            Self::Summary(key) => run.summary_value(key).cloned().unwrap_or(Json::Null),
        }
    }
}

pub(crate) async fn runs(options: &Runs) -> anyhow::Result<u8> {
    let project = ProjectPath::parse(&options.project)?;
    let query = RunsQuery { filter: Filter::parse(&options.filters)?, order: Order::parse(&options.order)?, ..RunsQuery::default() };
    let columns = options.columns.iter().map(|name| Column::parse(name)).collect::<anyhow::Result<Vec<_>>>()?;
    let client = connect(&options.connection)?;
    let runs = client.list_runs(&project, query).await?;
    let mut sheet = Sheet { columns: options.columns.clone(), rows: Vec::new() };
    sheet.rows.extend(runs.iter().map(|run| columns.iter().map(|column| column.value(run)).collect()));
    print_sheet(&sheet, options.print.format()?, options.print.output())?;
    Ok(exit_code::OK)
}
