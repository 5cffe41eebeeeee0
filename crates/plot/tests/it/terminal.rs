//! The text of charts.

use runlake_plot::{Axis, Chart, Line, Series};

use crate::{points, two_groups};

#[test]
fn without_colours_series_differ_by_their_characters() {
    insta::assert_snapshot!(two_groups().to_terminal(60, 16, false).unwrap(), @r"
    Two groups
    ** adam   ++ sgd
    loss
      │··
    2 ┤+++++·
      │··***+++++++++
      │  ····****··· ++++++++++++++
      │      ····***····           +++++++++++++++++++
      │          ···****······                        +++++++++
    1 ┤             ····******··········
      │                 ······**********··············
      │                            ·····***********************
      │                                               ·········
      └┬─────────────────┬──────────────────┬─────────────────┬
       0                100                200               300
                                                            step
    ");
}

#[test]
fn a_single_series_is_drawn_in_braille() {
    let x: Vec<f64> = (0..=100).map(f64::from).collect();
    let y: Vec<f64> = x.iter().map(|x| (x / 10.0).sin()).collect();
    insta::assert_snapshot!(points(&x, &y).to_terminal(50, 10, false).unwrap(), @r"
     1 ┤    ⢀⡠⠖⠒⠤⢄                      ⢀⡠⠔⠒⠤⣀
       │  ⢀⠔⠁     ⠣⡀                  ⢀⠔⠁     ⠱⡀
       │ ⢀⠎        ⠈⢆                ⢀⠜        ⠘⢄
     0 ┤⡠⠊           ⠱⡀             ⡠⠃           ⠣⡀
       │              ⠣⡀           ⡔⠁             ⠱⡀
       │               ⠑⢄        ⢀⠜                ⠑⢄
       │                 ⠑⡄    ⢀⡠⠊
    −1 ┤                  ⠈⠒⠤⠤⠔⠁
       └┬─────────────────────┬─────────────────────┬
        0                    50                    100
    ");
}

#[test]
fn colours_are_turned_off_again_in_each_line() {
    let text = two_groups().to_terminal(60, 16, true).unwrap();
    assert!(text.contains("\u{1b}[38;5;32m") && text.contains("\u{1b}[38;5;202m"));
    for line in text.lines().filter(|line| line.contains('\u{1b}')) {
        assert!(line.ends_with("\u{1b}[0m") || !line.rsplit('\u{1b}').next().unwrap().starts_with("[38"), "{line:?}");
    }
}

#[test]
fn gaps_dots_and_infinities_each_show() {
    let chart = points(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0], &[1.0, 2.0, f64::NAN, 1.5, f64::NEG_INFINITY, f64::INFINITY, 1.0]);
    insta::assert_snapshot!(chart.to_terminal(40, 9, false).unwrap(), @r"
    2.0 ┤     ⡰                     ^
        │    ⡰⠁
        │   ⢰⠁
    1.5 ┤  ⢠⠃             ⠄
        │ ⢀⠇
        │⢀⠎
    1.0 ┤⠎                     v          ⠠
        └┬───────────────────────────┬─────
         0                           5
    ");
}

#[test]
fn names_neither_steer_the_terminal_nor_push_the_frame() {
    let chart = Chart::new(Axis::new("日本 step"), Axis::new("a\u{1b}[2Jb")).with_title("t".repeat(500));
    let chart = (0..30)
        .fold(chart, |chart, number| chart.with_series(Series::new(format!("名前{number}")).with_line(Line::new([0.0, 1.0], [0.0, 1.0]))));
    let text = chart.to_terminal(40, 12, false).unwrap();
    assert!(!text.contains('\u{1b}'));
    assert_eq!(text.lines().count(), 12);
    insta::assert_snapshot!(text, @r"
    ttttttttttttttttttttttttttttttttttttttt…
    ** 名前0   ++ 名前1   oo 名前2
    xx 名前3   ## 名前4   + 25 more
    a [2Jb
    1.0 ┤                             ~~~~~
        │                     ~~~~~~~~
    0.5 ┤             ~~~~~~~~
        │     ~~~~~~~~
      0 ┤~~~~~
        └┬────────────────┬───────────────┬
         0               0.5             1.0
                                   日本 step
    ");
}

#[test]
fn terminals_that_are_too_small_are_refused() {
    let error = two_groups().to_terminal(10, 5, false).unwrap_err();
    insta::assert_snapshot!(format!("{error}; {}", error.hint().unwrap()), @"a chart of 10 × 5 columns and rows cannot be drawn; from 24 × 8 to 1000 × 1000 characters");
}
