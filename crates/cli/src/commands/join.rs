//! `runlake join`: history rows beside the machine's metrics, another project, or a table of one's own.

use std::path::Path;

use runlake_query::{Alignment, Answer, Axis, CurveQuery, GroupBy, HistoriesQuery, Side, SystemJoin, with_system_metrics, with_table};
use runlake_types::ProjectPath;

use super::lake_question::{Asked, as_of, patterns};
use crate::answer::print_answer;
use crate::arguments::questions::Join;
use crate::exit_code;

/// What stands for the events stream in `--with`.
const SYSTEM: &str = "system";

pub(crate) async fn join(options: &Join) -> anyhow::Result<u8> {
    let asked = Asked::open(&options.runs).await?;
    let keys = patterns(&options.keys)?;
    let origin = asked.origin().await?;
    let path = Path::new(&options.with);
    let answer = if options.with == SYSTEM {
        let join = SystemJoin { direction: as_of(options.direction), tolerance_seconds: options.tolerance };
        let others = patterns(&options.keys_of_other)?;
        Answer::of_frame(with_system_metrics(&asked.lake, &asked.selection, &keys, &others, join).await?, origin)
    } else if path.is_file() || path.extension().is_some() {
        let query = HistoriesQuery::new(asked.selection.clone(), keys);
        let on: Vec<&str> = options.on.iter().map(String::as_str).collect();
        Answer::new(with_table(&asked.lake, &query, path, &on).await?, origin)
    } else {
        let (project, other) = (asked.selection.projects()[0].clone(), ProjectPath::parse(&options.with)?);
        let by = GroupBy::parse(options.on.iter().map(String::as_str))?;
        let keys_of_other = patterns(&options.keys_of_other)?;
        let of_either = keys.iter().chain(&keys_of_other).cloned();
        let query = CurveQuery::new(asked.selection.clone().and_of(other.clone()), of_either)
            .with_axis(Axis::from_name(&options.x_axis))
            .with_alignment(Alignment::Exact);
        let one = Side { project: &project, keys: &keys };
        // Without keys of its own, the other project is asked for the same.
        let other = Side { project: &other, keys: if keys_of_other.is_empty() { &keys } else { &keys_of_other } };
        Answer::of_frame(query.read(&asked.lake).await?.paired(&by, one, other)?, origin)
    };
    print_answer(&answer, &options.print).await?;
    Ok(exit_code::OK)
}
