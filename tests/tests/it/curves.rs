//! Arithmetic on curves is that of its models, which `curve_reference.py` names: answers to random questions, held against theirs.

use runlake_curves::align::{self, AsOf, BucketValue, Buckets};
use runlake_curves::outcome::{self, Goal, OutlierRule};
use runlake_curves::statistics::{Statistic, Summariser};
use runlake_curves::{Aligned, Curve, sample, smooth};
use runlake_tests::chance::Chance;
use runlake_tests::python::pass_checks;
use serde_json::{Value, json};

const STATISTICS: [&str; 14] =
    ["count", "nan", "mean", "std", "sem", "min", "max", "median", "p05", "p95", "q0.333", "iqm", "ci95.low", "ci95.high"];

/// A float as text that Python reads back exactly: JSON has no NaN.
fn number(value: f64) -> Value {
    json!(format!("{value:?}"))
}

fn numbers(values: &[f64]) -> Value {
    values.iter().copied().map(number).collect()
}

fn optional(value: Option<f64>) -> Value {
    value.map_or(Value::Null, number)
}

fn aligned(values: &Aligned) -> Value {
    values.iter().map(optional).collect()
}

/// A whole number below `most`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative, and at most `most`")]
fn below(chance: &mut Chance, most: u32) -> u32 {
    ((chance.draw() * f64::from(most)) as u32).min(most - 1)
}

/// What is logged: normal numbers, whole ones that repeat, and NaN where it is wanted.
fn value(chance: &mut Chance, has_nan: bool) -> f64 {
    match below(chance, 10) {
        0 if has_nan => f64::NAN,
        0..=3 => f64::from(below(chance, 7)) - 3.0,
        _ => (chance.draw() - 0.5) * 10.0_f64.powf(chance.draw() * 6.0 - 3.0),
    }
}

fn values(chance: &mut Chance, most: u32, has_nan: bool) -> Vec<f64> {
    (0..below(chance, most)).map(|_| value(chance, has_nan)).collect()
}

/// Points in any order, at places that repeat.
fn curve(chance: &mut Chance, has_nan: bool) -> Curve {
    let y = values(chance, 60, has_nan);
    let x = y.iter().map(|_| if below(chance, 2) == 0 { f64::from(below(chance, 20)) } else { chance.draw() * 20.0 }).collect();
    Curve::new(x, y)
}

fn alignments(chance: &mut Chance) -> Value {
    let curves: Vec<Curve> = (0..=below(chance, 5)).map(|_| curve(chance, true)).collect();
    let curve = &curves[0];
    let mut grid: Vec<f64> = (0..40).map(|at| if at % 2 == 0 { f64::from(at) / 2.0 } else { chance.draw() * 24.0 - 2.0 }).collect();
    grid.sort_by(f64::total_cmp);
    let tolerance = chance.draw() * 2.0;
    let (first, last) = (chance.draw() * 5.0, 5.0 + chance.draw() * 15.0);
    let buckets = Buckets::over(first, last, usize::try_from(1 + below(chance, 12)).unwrap()).unwrap();
    let as_of = |direction| {
        json!([aligned(&align::as_of(curve, &grid, direction, None)), aligned(&align::as_of(curve, &grid, direction, Some(tolerance)))])
    };
    let bucket = |value| aligned(&align::buckets(curve, &buckets, value));
    json!({
        "curves": curves.iter().map(|curve| json!([numbers(curve.x()), numbers(curve.y())])).collect::<Value>(),
        "grid": numbers(&grid),
        "tolerance": number(tolerance),
        "union": numbers(&align::union_of_x(&curves)),
        "exact": aligned(&align::exact(curve, &grid)),
        "backward": as_of(AsOf::Backward),
        "forward": as_of(AsOf::Forward),
        "nearest": as_of(AsOf::Nearest),
        "linear": aligned(&align::linear(curve, &grid)),
        "ends": [number(first), number(last)],
        "even_grid": numbers(&align::even_grid(first, last, 13).unwrap()),
        "edges": numbers(buckets.edges()),
        "buckets": {
            "mean": bucket(BucketValue::Mean),
            "min": bucket(BucketValue::Min),
            "max": bucket(BucketValue::Max),
            "first": bucket(BucketValue::First),
            "last": bucket(BucketValue::Last),
            "count": bucket(BucketValue::Count),
            "nan": bucket(BucketValue::Nan),
        },
    })
}

fn statistics(chance: &mut Chance, place: u32) -> Value {
    let values = values(chance, 40, true);
    let statistics: Vec<Statistic> = STATISTICS.iter().map(|name| name.parse().unwrap()).collect();
    let mut summariser = Summariser::new(&statistics).unwrap();
    let found = summariser.summarise(&values, u64::from(place));
    let found: serde_json::Map<String, Value> =
        STATISTICS.iter().zip(found).map(|(name, found)| ((*name).to_owned(), optional(*found))).collect();
    json!({ "values": numbers(&values), "place": place, "found": found })
}

fn smoothed(chance: &mut Chance) -> Value {
    let curve = curve(chance, true);
    let finite = values(chance, 60, false);
    let (weight, step, sigma) = (chance.draw() * 0.99, 0.1 + chance.draw() * 3.0, 0.2 + chance.draw() * 9.0);
    let window = 1 + below(chance, 12);
    json!({
        "x": numbers(curve.x()),
        "y": numbers(curve.y()),
        "finite": numbers(&finite),
        "weight": number(weight),
        "step": number(step),
        "sigma": number(sigma),
        "window": window,
        "ema": numbers(&smooth::ema(curve.y(), weight).unwrap()),
        "time_weighted_ema": numbers(&smooth::time_weighted_ema(&curve, weight, step).unwrap()),
        "rolling_mean": numbers(&smooth::rolling_mean(curve.y(), usize::try_from(window).unwrap()).unwrap()),
        "gaussian": numbers(&smooth::gaussian(&finite, sigma).unwrap()),
    })
}

fn outcomes(chance: &mut Chance) -> Value {
    let curve = curve(chance, true);
    let (a, b) = (values(chance, 30, true), values(chance, 60, true));
    json!({
        "x": numbers(curve.x()),
        "y": numbers(curve.y()),
        "area": optional(outcome::area(&curve)),
        "best": [outcome::best(&curve, Goal::Minimize), outcome::best(&curve, Goal::Maximize)],
        "a": numbers(&a),
        "b": numbers(&b),
        "pearson": optional(outcome::pearson(&a, &b)),
        "spearman": optional(outcome::spearman(&a, &b)),
        "outliers": outcome::outliers(&b, OutlierRule::default()).unwrap(),
        "beyond_fences": outcome::outliers(&b, OutlierRule::Fences(1.5)).unwrap(),
    })
}

fn samples(chance: &mut Chance) -> Value {
    let y = values(chance, 200, false);
    let x: Vec<f64> = y
        .iter()
        .scan(0.0, |x, _| {
            *x += chance.draw();
            Some(*x)
        })
        .collect();
    let kept = 3 + below(chance, 20);
    let found = sample::largest_triangle(&x, &y, usize::try_from(kept).unwrap());
    json!({ "x": numbers(&x), "y": numbers(&y), "kept": kept, "largest_triangle": found })
}

#[test]
fn curves_as_others_compute_them() {
    let mut chance = Chance::new(20);
    let questions = json!({
        "alignments": (0..60).map(|_| alignments(&mut chance)).collect::<Value>(),
        "statistics": (0..60).map(|place| statistics(&mut chance, place)).collect::<Value>(),
        "smoothed": (0..60).map(|_| smoothed(&mut chance)).collect::<Value>(),
        "outcomes": (0..60).map(|_| outcomes(&mut chance)).collect::<Value>(),
        "samples": (0..30).map(|_| samples(&mut chance)).collect::<Value>(),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("curves.json");
    fs_err::write(&file, questions.to_string()).unwrap();
    pass_checks("curve_reference.py", &[file.to_str().unwrap()], None);
}
