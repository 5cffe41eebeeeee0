//! Rows of runs beside a table of one's own: labels, costs, results of other programs.

use std::path::Path;

use polars::prelude::{DataFrame, Expr, IntoLazy as _, JoinArgs, JoinType, LazyFrame, MaintainOrderJoin, col};
use runlake_lake::Lake;
use runlake_types::RunRecord;

use crate::aligned_curves::{PROJECT, RUN_ID};
use crate::outcomes::run_columns;
use crate::selection::RUNS_AND_ROWS;
use crate::sql::user_table;
use crate::{Error, ErrorKind, GroupBy, HistoriesQuery};

/// What is added to the name of a column of the table that the rows have too.
const SUFFIX: &str = " (table)";

/// The rows of a query, each with the row of the table at `path` that has the same values of the columns `on`: `run_id`, or a field by which runs can
/// be grouped, such as `display_name` or `config.seed`, which then stands behind `run_id`. A row without a match has nulls; one with several stands
/// as often. Columns of the table that the rows have too are called `NAME (table)`.
///
/// The table is CSV, TSV, Parquet, JSON, NDJSON or Arrow by the ending of its name; ids in it are text, whatever they look like.
///
/// # Errors
/// Those of [`HistoriesQuery::plan`]; [`ErrorKind::TableFile`] for a table that cannot be read; [`ErrorKind::Argument`] for a column that it does not
/// have; [`ErrorKind::GroupBy`] for a field that no run has; [`ErrorKind::NoValues`] when no run has a match.
pub async fn with_table(lake: &Lake, query: &HistoriesQuery, path: &Path, on: &[&str]) -> Result<LazyFrame, Error> {
    let mut table = user_table("table", path)?;
    let columns = table.collect_schema()?;
    if on.is_empty() {
        let reason = "name the columns that must be equal, such as run_id".to_owned();
        return Err(ErrorKind::Argument { what: "the columns of the join", value: "empty".to_owned(), reason }.into());
    }
    if let Some(missing) = on.iter().find(|name| columns.get(name).is_none()) {
        let names = columns.iter_names().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let reason = format!("{} has the columns {names}", path.display());
        return Err(ErrorKind::Argument { what: "a column of the join", value: (*missing).to_owned(), reason }.into());
    }
    let lake = &lake.pinned(&RUNS_AND_ROWS).await?;
    let runs = query.selection().runs(lake).await?;
    let fields = GroupBy::parse(on.iter().copied().filter(|name| *name != RUN_ID))?;
    let records: Vec<&RunRecord> = runs.iter().map(|run| &run.record).collect();
    let groups = fields.groups(&records)?;
    let mut of_runs: Vec<(usize, &crate::Group)> =
        groups.iter().flat_map(|group| group.runs.iter().map(move |run| (*run, group))).collect();
    of_runs.sort_by_key(|(run, _)| *run);
    let members: Vec<_> = of_runs.iter().map(|(run, _)| runs[*run].clone()).collect();
    let mut identity = run_columns(&members);
    identity.retain(|column| column.name().as_str() != "display_name");
    let keys: Vec<Expr> = identity.iter().map(|column| col(column.name().clone())).collect();
    identity.extend(fields.columns(&of_runs.iter().map(|(_, group)| *group).collect::<Vec<_>>()));
    let known = DataFrame::new(members.len(), identity)?;
    // What the table has of a key takes the type that runs have of it: 3 and 3.0 are the same seed.
    let typed = on.iter().map(|name| Ok(Expr::Column((*name).into()).cast(known.column(name)?.dtype().clone())));
    let table = table.with_columns(typed.collect::<Result<Vec<_>, Error>>()?);
    let on: Vec<Expr> = on.iter().map(|name| Expr::Column((*name).into())).collect();
    let matched = known.clone().lazy().join(table.clone(), on.clone(), on.clone(), JoinArgs::new(JoinType::Semi)).collect()?;
    if matched.height() == 0 {
        let reason = format!("none of the {} runs has a row in {}", runs.len(), path.display());
        return Err(ErrorKind::NoValues { question: "the join with the table".to_owned(), reason }.into());
    }
    let mut rows = query.plan(lake).await?;
    if fields.names().next().is_some() {
        let with_fields = rows.collect_schema()?;
        rows = rows.join(known.lazy(), keys.clone(), keys, left_join());
        // The fields stand behind the run, where people look for them.
        let before: Vec<Expr> = [RUN_ID, PROJECT].iter().filter(|name| with_fields.contains(name)).map(|name| col(*name)).collect();
        let names: Vec<Expr> = fields.names().map(|name| Expr::Column(name.into())).collect();
        let behind = with_fields.iter_names().filter(|name| ![RUN_ID, PROJECT].contains(&name.as_str()));
        let behind: Vec<Expr> = behind.map(|name| Expr::Column(name.clone())).collect();
        rows = rows.select([before, names, behind].concat());
    }
    let arguments = left_join().with_suffix(Some(SUFFIX.into()));
    Ok(rows.join(table, on.clone(), on, arguments))
}

/// Every row of the left side, in its order.
fn left_join() -> JoinArgs {
    JoinArgs { maintain_order: MaintainOrderJoin::Left, ..JoinArgs::new(JoinType::Left) }
}
