//! Whatever the numbers, a chart is drawn or refused; nothing panics, and no coordinate of an SVG is NaN or infinite.

use proptest::{collection::vec, prelude::*};
use resvg::usvg::roxmltree;
use runlake_plot::{Axis, Band, Chart, Line, Scale, Series, Size};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -10.0..10.0_f64,
        2 => any::<f64>(),
        2 => prop::num::f64::ANY,
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX), Just(f64::MIN), Just(5e-324), Just(1e300), Just(1e-300)],
    ]
}

fn axis() -> impl Strategy<Value = Axis> {
    (any::<bool>(), prop::option::weighted(0.2, number()), prop::option::weighted(0.2, number())).prop_map(|(is_log, low, high)| Axis {
        label: "axis".to_owned(),
        scale: if is_log { Scale::Log } else { Scale::Linear },
        low,
        high,
    })
}

fn series() -> impl Strategy<Value = Series> {
    let line = || {
        vec((number(), number()), 0..12)
            .prop_map(|points| points.into_iter().unzip::<f64, f64, Vec<f64>, Vec<f64>>())
            .prop_map(|(x, y)| Line::new(x, y))
    };
    let band = vec((number(), number(), number()), 0..12).prop_map(|slices| Band {
        x: slices.iter().map(|slice| slice.0).collect(),
        low: slices.iter().map(|slice| slice.1).collect(),
        high: slices.iter().map(|slice| slice.2).collect(),
    });
    (".{0,20}", vec(line(), 0..3), vec(line(), 0..2), prop::option::of(band)).prop_map(|(name, lines, raw, band)| Series {
        lines,
        raw,
        band,
        ..Series::new(name)
    })
}

fn chart() -> impl Strategy<Value = Chart> {
    (axis(), axis(), vec(series(), 0..4), prop::option::of(".{0,40}")).prop_map(|(x, y, series, title)| Chart {
        title,
        series,
        ..Chart::new(x, y)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_chart_is_drawn_or_refused(chart in chart(), width in 320_u32..1200, height in 200_u32..900, columns in 24_u16..150, rows in 8_u16..50, colour: bool) {
        let svg = chart.to_svg(Size::new(width, height));
        let text = chart.to_terminal(columns, rows, colour);
        prop_assert_eq!(svg.is_ok(), text.is_ok());
        if let (Ok(svg), Ok(text)) = (svg, text) {
            prop_assert_eq!(text.lines().count(), usize::from(rows));
            let document = roxmltree::Document::parse(&svg);
            prop_assert!(document.is_ok(), "{:?}", document.err());
            prop_assert!(!svg.contains("NaN") || chart.series.iter().any(|series| series.name.contains("NaN")), "{svg}");
            let longest = svg.split(|character: char| !character.is_ascii_digit()).map(str::len).max();
            prop_assert!(longest.unwrap_or(0) < 12, "a number that no picture needs: {svg}");
        }
    }
}

#[test]
fn extremes_are_drawn_as_pixels() {
    let ranges = [[1e-300, 1e300], [f64::MIN, f64::MAX], [5e-324, 1e-323], [0.0, 0.0], [1.0, 1.0 + f64::EPSILON], [-1e-300, 1e-300]];
    for range in ranges {
        for scale in [Scale::Linear, Scale::Log] {
            let axis = || Axis::default().with_scale(scale);
            let chart = Chart::new(axis(), axis()).with_series(Series::new("a").with_line(Line::new(range, range)));
            match chart.to_png(Size::new(320, 200), 1.0) {
                Ok(png) => assert!(png.starts_with(b"\x89PNG")),
                Err(error) => assert!(scale == Scale::Log && range == [0.0, 0.0], "{range:?} {scale:?}: {error}"),
            }
        }
    }
}

#[test]
fn labels_of_many_digits_leave_room_for_the_curves() {
    let low = -123_456_789_012.345_f64;
    let axis = || Axis::default().with_low(low).with_high(low + 0.002);
    let chart =
        Chart::new(axis(), axis()).with_series(Series::new("a".repeat(50)).with_line(Line::new([low, low + 0.002], [low, low + 0.002])));
    for (width, columns) in [(320, 24), (500, 40), (960, 100)] {
        let svg = chart.to_svg(Size::new(width, 200)).unwrap();
        assert!(svg.contains("stroke=\"#0072b2\""));
        let text = chart.to_terminal(columns, 8, false).unwrap();
        assert!(text.chars().any(|character| ('\u{2801}'..='\u{28ff}').contains(&character)), "{text}");
    }
}
