//! What a PNG shows.

use resvg::tiny_skia::{ColorU8, Pixmap};
use runlake_plot::{Chart, Size};

use crate::two_groups;

fn pixels(chart: &Chart, size: Size, scale: f64) -> Pixmap {
    Pixmap::decode_png(&chart.to_png(size, scale).unwrap()).unwrap()
}

fn count(pixmap: &Pixmap, red: u8, green: u8, blue: u8) -> usize {
    let wanted = ColorU8::from_rgba(red, green, blue, 255);
    pixmap.pixels().iter().filter(|pixel| pixel.demultiply() == wanted).count()
}

#[test]
fn a_picture_has_the_size_the_paper_and_the_colours_asked_for() {
    let pixmap = pixels(&two_groups(), Size::new(640, 400), 2.0);
    assert_eq!((pixmap.width(), pixmap.height()), (1280, 800));
    let all = 1280 * 800;
    assert!(count(&pixmap, 255, 255, 255) > all / 2);
    assert!(count(&pixmap, 0x00, 0x72, 0xb2) > 1000, "the first series is blue");
    assert!(count(&pixmap, 0xd5, 0x5e, 0x00) > 1000, "the second is vermilion");
}

#[test]
fn two_drawings_are_the_same_bytes() {
    assert_eq!(two_groups().to_svg(Size::default()).unwrap(), two_groups().to_svg(Size::default()).unwrap());
    let size = Size::new(320, 200);
    assert_eq!(two_groups().to_png(size, 1.5).unwrap(), two_groups().to_png(size, 1.5).unwrap());
}

/// Letters come from the font of the crate: without it there would be none, since no other is looked for.
#[test]
fn letters_are_drawn() {
    let title = |text: &str| {
        let chart = Chart { title: Some(text.to_owned()), ..two_groups() };
        let pixmap = pixels(&chart, Size::default(), 1.0);
        let rows = pixmap.pixels().iter().take(960 * 40);
        rows.filter(|pixel| pixel.red() < 128).count()
    };
    assert!(title("Wide title of many letters") > title("i") + 100);
}

#[test]
fn sizes_that_make_no_picture_are_refused() {
    let error = |size, scale| {
        let error = two_groups().to_png(size, scale).unwrap_err();
        format!("{error}; {}", error.hint().unwrap())
    };
    insta::assert_snapshot!(error(Size::new(10, 10), 1.0), @"a chart of 10 × 10 pixels cannot be drawn; from 320 × 200 to 8192 × 8192 pixels");
    insta::assert_snapshot!(error(Size::default(), f64::NAN), @"a picture cannot be scaled by NaN; from 0.1 to 16: 1 gives the pixels of the size, 2 twice as many each way");
    insta::assert_snapshot!(error(Size::default(), 1000.0), @"a picture cannot be scaled by 1000; from 0.1 to 16: 1 gives the pixels of the size, 2 twice as many each way");
    insta::assert_snapshot!(error(Size::new(8192, 8192), 2.0), @"a chart of 16384 × 16384 pixels cannot be drawn; at most 64 million pixels; use a smaller size or scale");
}
