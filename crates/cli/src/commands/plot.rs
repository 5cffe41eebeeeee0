//! `runlake plot`: curves of runs, or of groups of runs, as a picture or in the terminal.

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;

use runlake::{Around, CurveChart};
use runlake_plot::{Chart, Scale, Size};
use runlake_query::GroupBy;

use super::lake_question::{Asked, curve_query, patterns};
use crate::arguments::Format;
use crate::arguments::questions::Plot;
use crate::exit_code;
use crate::format::Output;
use crate::report::{UsageError, say};
use crate::{table, variables};

/// Pixels of a PNG for each of the picture's: sharp on today's screens.
const PNG_SCALE: f64 = 2.0;

/// Lines of a chart in the terminal.
const TERMINAL_ROWS: u16 = 24;

/// The fields that make one group of all runs.
const ALL: &str = "ALL";

/// What the picture becomes.
enum Picture {
    Svg(Size),
    Png(Size),
    Terminal { columns: u16, rows: u16, colour: bool },
}

pub(crate) async fn plot(options: &Plot) -> anyhow::Result<u8> {
    // What is wrong with the options is said before anything is read.
    let picture = picture(options)?;
    let mut drawing = CurveChart::new().with_middle(options.middle.parse()?).with_around(Around::parse(&options.around)?);
    if !options.group_by.is_empty() {
        let fields = options.group_by.iter().map(String::as_str).filter(|field| *field != ALL);
        drawing = drawing.with_groups(GroupBy::parse(fields)?);
    }
    if let Some(smoothing) = &options.smooth {
        drawing = drawing.with_smoothing(smoothing.parse()?);
    }
    if let Some(title) = &options.title {
        drawing = drawing.with_title(title);
    }
    let scale = |is_log| if is_log { Scale::Log } else { Scale::Linear };
    drawing = drawing.with_scales(scale(options.log_x), scale(options.log_y));
    let asked = Asked::open(&options.runs).await?;
    let curves = curve_query(asked.selection.clone(), patterns(&options.keys)?, &options.axis).read(&asked.lake).await?;
    let mut chart = drawing.draw(&curves)?;
    (chart.y.low, chart.y.high) = (options.y_from.or(chart.y.low), options.y_to.or(chart.y.high));
    write(&chart, &picture, options.output.as_deref())?;
    let boxed: String =
        if matches!(picture, Picture::Png(_)) { chart.characters_without_picture().into_iter().collect() } else { String::new() };
    if !boxed.is_empty() {
        say(&format!("the font of PNGs has no picture of {boxed}, and draws boxes; an SVG has the text itself"));
    }
    if let Some(path) = &options.output {
        say(&format!("{} of {} runs drawn into {}", curves.runs_with_values(), curves.runs().len(), path.display()));
    }
    Ok(exit_code::OK)
}

fn write(chart: &Chart, picture: &Picture, path: Option<&Path>) -> anyhow::Result<()> {
    let bytes = match picture {
        Picture::Svg(size) => chart.to_svg(*size)?.into_bytes(),
        Picture::Png(size) => chart.to_png(*size, PNG_SCALE)?,
        Picture::Terminal { columns, rows, colour } => chart.to_terminal(*columns, *rows, *colour)?.into_bytes(),
    };
    let mut output = Output::open_for(Format::Table, path)?;
    output.write_all(&bytes)?;
    output.finish()
}

fn picture(options: &Plot) -> anyhow::Result<Picture> {
    let size = options.size.as_deref().map(parse_size).transpose()?;
    let Some(path) = &options.output else {
        let colour = std::io::stdout().is_terminal() && std::env::var_os(variables::NO_COLOR).is_none_or(|value| value.is_empty());
        let narrow = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
        let (columns, rows) = match size {
            Some((width, height)) => (narrow(width), narrow(height)),
            None => (u16::try_from(table::line_width()).unwrap_or(u16::MAX), TERMINAL_ROWS),
        };
        return Ok(Picture::Terminal { columns, rows, colour });
    };
    let size = size.map_or_else(Size::default, |(width, height)| Size::new(width, height));
    match path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase).as_deref() {
        Some("svg") => Ok(Picture::Svg(size)),
        Some("png") => Ok(Picture::Png(size)),
        _ => {
            let message = format!("the name of {} does not say which picture it is to be", path.display());
            Err(UsageError { message, hint: "end it with .svg or .png; without --output the chart is drawn in the terminal".to_owned() }
                .into())
        }
    }
}

fn parse_size(text: &str) -> anyhow::Result<(u32, u32)> {
    let parsed = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    let wrong =
        || UsageError { message: format!("`{text}` is not a size"), hint: "it is written WIDTHxHEIGHT, such as 960x540".to_owned() };
    Ok(parsed.ok_or_else(wrong)?)
}
