//! What is in an SVG.

use resvg::usvg::roxmltree::{Document, Node};
use runlake_plot::{Axis, Chart, Colour, Dash, Line, Scale, Series, Size};

use crate::{points, two_groups};

fn svg(chart: &Chart) -> String {
    chart.to_svg(Size::default()).unwrap()
}

fn texts(document: &Document<'_>) -> Vec<String> {
    document.descendants().filter(|node| node.has_tag_name("text")).map(|node| node.text().unwrap_or_default().to_owned()).collect()
}

fn group<'a>(document: &'a Document<'_>, class: &str) -> Node<'a, 'a> {
    document.descendants().find(|node| node.attribute("class") == Some(class)).unwrap()
}

fn paths<'a>(node: Node<'a, 'a>) -> Vec<Node<'a, 'a>> {
    node.descendants().filter(|node| node.has_tag_name("path")).collect()
}

#[test]
fn a_chart_has_title_names_labels_and_ticks_each_once() {
    let svg = svg(&two_groups());
    let document = Document::parse(&svg).unwrap();
    assert_eq!(
        texts(&document),
        ["Two groups", "adam", "sgd", "0.5", "1.0", "1.5", "2.0", "0", "50", "100", "150", "200", "250", "300", "step", "loss"]
    );
    assert_eq!(paths(group(&document, "bands")).len(), 1);
    assert_eq!(paths(group(&document, "lines")).len(), 2);
    assert_eq!(paths(group(&document, "legend")).len(), 2);
}

#[test]
fn names_are_text_whatever_is_in_them() {
    let chart =
        two_groups().with_series(Series::new("</text><script>\"&\u{0}\u{1b}[31mé 日本 λ").with_line(Line::new([0.0, 1.0], [0.0, 1.0])));
    let svg = svg(&chart);
    let document = Document::parse(&svg).unwrap();
    assert!(texts(&document).contains(&"</text><script>\"&  [31mé 日本 λ".to_owned()), "{:?}", texts(&document));
    assert!(document.descendants().all(|node| !node.has_tag_name("script")));
}

#[test]
fn texts_stay_inside_and_the_legend_counts_what_it_leaves_out() {
    let chart = (0..50).fold(two_groups(), |chart, number| {
        chart.with_series(Series::new(format!("{number} {}", "long ".repeat(30))).with_line(Line::new([0.0, 1.0], [0.0, 1.0])))
    });
    for size in [Size::new(320, 200), Size::default(), Size::new(4000, 3000)] {
        let svg = chart.to_svg(size).unwrap();
        let mut options = resvg::usvg::Options { font_family: "DejaVu Sans".to_owned(), ..Default::default() };
        options.fontdb_mut().load_font_data(include_bytes!("../../fonts/DejaVuSans.ttf").to_vec());
        let tree = resvg::usvg::Tree::from_str(&svg, &options).unwrap();
        let mut boxes = Vec::new();
        text_boxes(tree.root(), &mut boxes);
        assert!(boxes.len() > 8);
        for (place, one) in boxes.iter().enumerate() {
            let is_inside =
                one.left() >= 0.0 && one.top() >= 0.0 && one.right() <= tree.size().width() && one.bottom() <= tree.size().height();
            assert!(is_inside, "{size:?}: a text is at {one:?}");
            for other in &boxes[place + 1..] {
                let is_apart = one.right() <= other.left()
                    || other.right() <= one.left()
                    || one.bottom() <= other.top()
                    || other.bottom() <= one.top();
                assert!(is_apart, "{size:?}: texts overlap at {one:?} and {other:?}");
            }
        }
    }
    let svg = svg(&chart);
    assert!(texts(&Document::parse(&svg).unwrap()).contains(&"+ 40 more".to_owned()));
}

/// The ink of each text.
fn text_boxes(group: &resvg::usvg::Group, boxes: &mut Vec<resvg::usvg::Rect>) {
    for node in group.children() {
        match node {
            resvg::usvg::Node::Group(group) => text_boxes(group, boxes),
            resvg::usvg::Node::Text(text) => boxes.push(text.abs_bounding_box()),
            _ => {}
        }
    }
}

#[test]
fn colours_and_dashes_are_those_of_the_place_or_of_choice() {
    let line = || Line::new([0.0, 1.0], [0.0, 1.0]);
    let mut chart = (0..8).fold(Chart::default(), |chart, _| chart.with_series(Series::new("a").with_line(line())));
    chart.series.push(Series::new("b").with_line(line()).with_colour(Colour(1)).with_dash(Dash::Dotted));
    let svg = svg(&chart);
    let document = Document::parse(&svg).unwrap();
    let strokes: Vec<_> = group(&document, "lines")
        .children()
        .filter(Node::is_element)
        .map(|series| (series.attribute("stroke").unwrap(), series.attribute("stroke-dasharray")))
        .collect();
    assert_eq!(strokes[0], ("#0072b2", None));
    assert_eq!(strokes[1], ("#d55e00", None));
    assert_eq!(strokes[7], ("#0072b2", Some("9 5.4")));
    assert_eq!(strokes[8], ("#d55e00", Some("2.16 3.96")));
}

#[test]
fn a_long_history_is_a_short_file() {
    let x: Vec<f64> = (0..200_000).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| (x * 0.7).sin() * x).collect();
    let svg = svg(&points(&x, &y));
    assert!(svg.len() < 100_000, "{} bytes", svg.len());
}

#[test]
fn gaps_dots_and_infinities_each_show() {
    let svg = svg(&points(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], &[1.0, 2.0, f64::NAN, 1.5, f64::NEG_INFINITY, f64::INFINITY]));
    let document = Document::parse(&svg).unwrap();
    let lines = paths(group(&document, "lines"));
    assert_eq!(lines.len(), 3, "a line, a dot, and the marks of infinity");
    assert_eq!(lines[0].attribute("d").unwrap().matches('M').count(), 1);
    assert_eq!(lines[1].attribute("d").unwrap().matches('a').count(), 2);
    assert_eq!(group(&document, "infinite").attribute("d").unwrap().matches('z').count(), 2);
}

#[test]
fn a_log_axis_says_what_it_leaves_out_after_the_note() {
    let axis = || Axis::default().with_scale(Scale::Log);
    let line = Line::new([0.0, 1.0, 10.0, 100.0], [1.0, 0.0, 1.0, 10.0]);
    let svg = svg(&Chart::new(axis(), axis()).with_note("smoothed").with_series(Series::new("").with_line(line)));
    let document = Document::parse(&svg).unwrap();
    let expected = "smoothed · 1 point ≤ 0 is left out by the log x axis · 1 point ≤ 0 is left out by the log y axis";
    assert_eq!(texts(&document)[0], expected);
}
