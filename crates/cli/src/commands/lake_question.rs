//! What the commands that ask questions across runs have in common: which runs, which keys, how on the axis, and where the answer came from.

use runlake_curves::align::{AsOf, BucketValue};
use runlake_curves::outcome::Goal;
use runlake_lake::{Lake, Location};
use runlake_query::{Alignment, Axis, CurveQuery, KeyPattern, Origin, Pick, Places, Selection};
use runlake_types::{Filter, ProjectPath};

use crate::arguments::questions;
use crate::arguments::questions::{Align, AxisPlaces, Direction, LakeRuns, OnAxis};
use crate::report::UsageError;

/// A lake, and the runs of it that a question is about.
pub(super) struct Asked {
    pub(super) lake: Lake,
    pub(super) selection: Selection,
}

impl Asked {
    /// Opens the lake and finds the project.
    pub(super) async fn open(runs: &LakeRuns) -> anyhow::Result<Self> {
        let filter = Filter::parse(&runs.filters)?;
        let lake = Lake::open(Location::parse(&runs.lake)?).await?;
        let mut projects = runs.project.iter().map(|text| ProjectPath::parse(text)).collect::<Result<Vec<_>, _>>()?.into_iter();
        let first = match projects.next() {
            Some(project) => project,
            None => only_project(&lake).await?,
        };
        let mut selection = projects.fold(Selection::of(first), Selection::and_of).with_filter(filter);
        if !runs.runs.is_empty() {
            selection = selection.with_runs(runs.runs.iter().map(String::as_str));
        }
        Ok(Self { lake, selection })
    }

    /// Where an answer comes from.
    pub(super) async fn origin(&self) -> anyhow::Result<Origin> {
        let origin = Origin::of_lake(&self.lake).await?;
        let projects = self.selection.projects().iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Ok(origin.with("project", projects).with_question(&question_of(std::env::args().skip(1))))
    }
}

/// The words as they were typed, which say what was asked better than any account of them; but not the lake's address, which may hold a
/// secret.
fn question_of(arguments: impl Iterator<Item = String>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut is_address = false;
    for word in arguments {
        if !is_address && word != "--lake" && !word.starts_with("--lake=") {
            words.push(if word.contains(' ') { format!("'{word}'") } else { word.clone() });
        }
        is_address = word == "--lake";
    }
    words.join(" ")
}

/// The project of a lake that has one.
async fn only_project(lake: &Lake) -> anyhow::Result<ProjectPath> {
    let mut projects = lake.projects().await?;
    if projects.len() == 1 {
        return Ok(projects.remove(0));
    }
    let names = projects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let message =
        if projects.is_empty() { "the lake has no project".to_owned() } else { format!("the lake has several projects: {names}") };
    Err(UsageError { message, hint: "name the project with --project; `runlake info` lists them".to_owned() }.into())
}

/// Keys as they were typed; empty ones are none.
pub(super) fn patterns(keys: &[String]) -> anyhow::Result<Vec<KeyPattern>> {
    Ok(keys.iter().filter(|key| !key.is_empty()).map(|key| KeyPattern::parse(key)).collect::<Result<_, _>>()?)
}

/// A question on an axis.
pub(super) fn curve_query(selection: Selection, keys: Vec<KeyPattern>, axis: &OnAxis) -> CurveQuery {
    let query = CurveQuery::new(selection, keys).with_axis(Axis::from_name(&axis.x_axis));
    let query = if axis.system { query.of_system_metrics() } else { query };
    on_places(query, axis.align, &axis.places)
}

/// The question with the way onto the places of its axis.
pub(super) fn on_places(query: CurveQuery, align: Align, on: &AxisPlaces) -> CurveQuery {
    let places = if on.places == 0 { Places::Every } else { Places::Even(on.places) };
    let alignment = match align {
        Align::Exact => Alignment::Exact,
        Align::Asof => Alignment::AsOf { direction: as_of(on.direction), tolerance: on.tolerance, places },
        Align::Linear => Alignment::Linear { places },
        Align::Buckets => Alignment::Buckets { value: bucket_value(on.value), count: on.places },
    };
    query.with_alignment(alignment).with_range(on.from, on.to)
}

pub(super) fn as_of(direction: Direction) -> AsOf {
    match direction {
        Direction::Backward => AsOf::Backward,
        Direction::Forward => AsOf::Forward,
        Direction::Nearest => AsOf::Nearest,
    }
}

fn bucket_value(value: questions::BucketValue) -> BucketValue {
    match value {
        questions::BucketValue::Mean => BucketValue::Mean,
        questions::BucketValue::Min => BucketValue::Min,
        questions::BucketValue::Max => BucketValue::Max,
        questions::BucketValue::First => BucketValue::First,
        questions::BucketValue::Last => BucketValue::Last,
        questions::BucketValue::Count => BucketValue::Count,
    }
}

pub(super) fn pick(goal: questions::Goal) -> Pick {
    match goal {
        questions::Goal::Max => Pick::Best(Goal::Maximize),
        questions::Goal::Min => Pick::Best(Goal::Minimize),
        questions::Goal::Last => Pick::Last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_does_not_tell_where_the_lake_is() {
        let words = ["stats", "--lake", "s3://key:secret@bucket", "val acc", "--lake=x", "--format", "csv"].map(str::to_owned);
        assert_eq!(question_of(words.into_iter()), "stats 'val acc' --format csv");
    }
}
