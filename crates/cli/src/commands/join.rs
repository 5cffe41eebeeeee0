//! `runlake join`: history rows beside the machine's metrics, another project, or a table of one's own.

use std::path::Path;

use runlake_query::{Alignment, Answer, Axis, CurveQuery, GroupBy, HistoriesQuery, SystemJoin, with_system_metrics, with_table};
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
        let keys = keys.into_iter().chain(patterns(&options.keys_of_other)?);
        let query = CurveQuery::new(asked.selection.clone().and_of(other.clone()), keys)
            .with_axis(Axis::from_name(&options.x_axis))
            .with_alignment(Alignment::Exact);
        Answer::of_frame(query.read(&asked.lake).await?.paired(&by, &project, &other)?, origin)
    };
    print_answer(&answer, &options.print).await?;
    Ok(exit_code::OK)
}
