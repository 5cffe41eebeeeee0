//! `runlake join`: history rows beside the machine's metrics, another project, or a table of one's own.

use runlake_query::{Alignment, Answer, Axis, CurveQuery, GroupBy, SystemJoin, with_system_metrics};
use runlake_types::ProjectPath;

use super::lake_question::{Asked, as_of, patterns};
use crate::answer::print_answer;
use crate::arguments::questions::Join;
use crate::exit_code;

/// What stands for the events stream in `--with`.
const SYSTEM: &str = "system";

pub(crate) async fn join(options: &Join) -> anyhow::Result<u8> {
    let asked = Asked::open(&options.runs).await?;
    let frame = if options.with == SYSTEM {
        let join = SystemJoin { direction: as_of(options.direction), tolerance_seconds: options.tolerance };
        with_system_metrics(&asked.lake, &asked.selection, &patterns(&options.keys)?, &patterns(&options.keys_of_other)?, join).await?
    } else {
        let (project, other) = (asked.selection.projects()[0].clone(), ProjectPath::parse(&options.with)?);
        let by = GroupBy::parse(options.on.iter().map(String::as_str))?;
        let keys = [options.keys.as_slice(), &options.keys_of_other].concat();
        let query = CurveQuery::new(asked.selection.clone().and_of(other.clone()), patterns(&keys)?)
            .with_axis(Axis::from_name(&options.x_axis))
            .with_alignment(Alignment::Exact);
        query.read(&asked.lake).await?.paired(&by, &project, &other)?
    };
    print_answer(&Answer::of_frame(frame, asked.origin().await?), &options.print).await?;
    Ok(exit_code::OK)
}
