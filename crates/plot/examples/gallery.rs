//! Draws charts of made-up learning curves: `cargo run -p runlake-plot --example gallery -- FOLDER` writes them as SVG, PNG and text.
//! Without a folder, it shows one in the terminal.

use std::{error::Error, io::Write as _, path::Path};

use runlake_plot::{Axis, Band, Chart, Line, Scale, Series, Size};

fn main() -> Result<(), Box<dyn Error>> {
    let Some(folder) = std::env::args_os().nth(1) else {
        std::io::stdout().write_all(groups().to_terminal(100, 28, true)?.as_bytes())?;
        return Ok(());
    };
    let folder = Path::new(&folder);
    std::fs::create_dir_all(folder)?;
    let charts = [
        ("groups", groups()),
        ("smoothed", smoothed()),
        ("many_runs", many_runs()),
        ("log_axes", log_axes()),
        ("many_names", many_names()),
    ];
    for (name, chart) in charts {
        std::fs::write(folder.join(format!("{name}.svg")), chart.to_svg(Size::default())?)?;
        std::fs::write(folder.join(format!("{name}.png")), chart.to_png(Size::default(), 2.0)?)?;
        std::fs::write(folder.join(format!("{name}.txt")), chart.to_terminal(100, 28, false)?)?;
        std::fs::write(folder.join(format!("{name}.ansi")), chart.to_terminal(100, 28, true)?)?;
    }
    Ok(())
}

/// Five groups of runs: the mean, and a deviation to both sides.
fn groups() -> Chart {
    let names = ["adamw, lr=3e-4", "adamw, lr=1e-3", "sgd, lr=0.1", "lion, lr=1e-4", "muon, lr=0.02"];
    let chart = Chart::new(Axis::new("step"), Axis::new("val.loss")).with_title("Validation loss by optimizer, mean ± std of 5 seeds");
    names.into_iter().zip(1_u32..).fold(chart, |chart, (name, number)| {
        let mut noise = Noise(number);
        let steps: Vec<f64> = (0..200).map(|step| f64::from(step) * 250.0).collect();
        let mean: Vec<f64> = steps.iter().map(|step| loss(*step, number) + noise.next() * 0.02).collect();
        let deviation: Vec<f64> = steps.iter().map(|step| 0.07 + 0.2 * (-step / 9000.0).exp() + noise.next() * 0.008).collect();
        let low: Vec<f64> = mean.iter().zip(&deviation).map(|(mean, deviation)| mean - deviation).collect();
        let high: Vec<f64> = mean.iter().zip(&deviation).map(|(mean, deviation)| mean + deviation).collect();
        chart.with_series(Series::new(name).with_line(Line::new(steps.clone(), mean)).with_band(Band::new(steps, low, high)))
    })
}

/// One run, smoothed, over what it logged: with a gap and a moment when the loss was infinite.
fn smoothed() -> Chart {
    let mut noise = Noise(7);
    let steps: Vec<f64> = (0..20_000).map(f64::from).collect();
    let mut raw: Vec<f64> = steps.iter().map(|step| loss(*step, 2) * (1.0 + noise.next() * 0.25)).collect();
    raw[9000..9800].fill(f64::NAN);
    raw[15_000] = f64::INFINITY;
    let mut mean = raw[0];
    let smooth: Vec<f64> = raw
        .iter()
        .map(|value| {
            if value.is_finite() {
                mean += (value - mean) * 0.01;
                mean
            } else {
                f64::NAN
            }
        })
        .collect();
    let series = Series::new("brisk-fog-17").with_line(Line::new(steps.clone(), smooth)).with_raw(Line::new(steps, raw));
    Chart::new(Axis::new("step"), Axis::new("train.loss")).with_title("Training loss").with_note("smoothed, EMA 0.99").with_series(series)
}

/// Two hundred runs in four groups.
fn many_runs() -> Chart {
    let chart = Chart::new(Axis::new("epoch"), Axis::new("val.accuracy").with_high(1.0)).with_title("200 runs by depth");
    (1_u32..=4).fold(chart, |chart, group| {
        let lines = (0..50).map(|seed| {
            let mut noise = Noise(group * 100 + seed);
            let (speed, best) = (6.0 + f64::from(group) * 4.0 + noise.next() * 2.0, 0.98 - 0.12 * f64::from(group) + noise.next() * 0.04);
            let epochs: Vec<f64> = (0..=90).map(f64::from).collect();
            let accuracy: Vec<f64> = epochs.iter().map(|epoch| best * (1.0 - (-epoch / speed).exp()) + noise.next() * 0.01).collect();
            Line::new(epochs, accuracy)
        });
        chart.with_series(Series { lines: lines.collect(), ..Series::new(format!("{} layers", 2_u32.pow(group + 1))) })
    })
}

/// Two log axes; the first step, 0, has no place on them.
fn log_axes() -> Chart {
    let chart = Chart::new(Axis::new("tokens").with_scale(Scale::Log), Axis::new("gradient norm").with_scale(Scale::Log))
        .with_title("Gradient norm over tokens");
    ["70M parameters", "410M parameters", "1.4B parameters"].into_iter().zip(1_u32..).fold(chart, |chart, (name, number)| {
        let mut noise = Noise(number);
        let tokens: Vec<f64> = (0..600).map(|step| f64::from(step) * f64::from(step) * 30_000.0).collect();
        let norm = tokens.iter().map(|tokens| 40.0 / f64::from(number) * (1.0 + tokens / 3e5).powf(-0.7) * (1.0 + noise.next() * 0.3));
        let norm: Vec<f64> = norm.collect();
        chart.with_series(Series::new(name).with_line(Line::new(tokens, norm)))
    })
}

/// More series than colours and than names that a legend holds.
fn many_names() -> Chart {
    let chart = Chart::new(Axis::new("step"), Axis::new("reward")).with_title("Sweep: every run by name");
    (1_u32..=50).fold(chart, |chart, number| {
        let mut noise = Noise(number);
        let steps: Vec<f64> = (0..100).map(|step| f64::from(step) * 1e6).collect();
        let reward: Vec<f64> =
            steps.iter().map(|step| f64::from(number) * 4.0 - loss(*step / 1000.0, number % 5) * 50.0 + noise.next() * 3.0).collect();
        chart.with_series(
            Series::new(format!("sweep-{number:02} lr=0.00{number} batch=256 seed={number}")).with_line(Line::new(steps, reward)),
        )
    })
}

fn loss(step: f64, number: u32) -> f64 {
    let number = f64::from(number);
    0.25 * number + 0.4 + (2.6 - 0.2 * number) * (-step / (2500.0 + 1500.0 * number)).exp()
}

/// Numbers between −1 and 1 that look random and are the same each time.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(self.0 >> 8) / f64::from(1 << 23) - 1.0
    }
}
