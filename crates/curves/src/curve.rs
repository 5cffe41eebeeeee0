//! One metric of one run along one axis.

/// The points of a metric: `x` ascending, `y` whatever was logged, NaN and ±Infinity too. A null is no point.
///
/// Several points may share an `x`; they stand in the order in which they were logged. `x` is never NaN: a point that has no place on the
/// axis is left out when a curve is made. Infinite places are kept, since they have an order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curve {
    x: Vec<f64>,
    y: Vec<f64>,
}

impl Curve {
    /// The curve through these points, in the order in which they were logged. Those whose `x` is NaN are left out, and the others sorted
    /// by `x`, where equal ones keep their order. What is sorted already is not touched. The longer of two slices of unlike length is cut.
    ///
    /// ```
    /// use runlake_curves::Curve;
    /// let curve = Curve::new(vec![2.0, 1.0, f64::NAN, 1.0], vec![0.5, 0.1, 0.2, f64::NAN]);
    /// assert_eq!(curve.x(), [1.0, 1.0, 2.0]);
    /// assert!(curve.y()[0] == 0.1 && curve.y()[1].is_nan() && curve.y()[2] == 0.5);
    /// ```
    pub fn new(mut x: Vec<f64>, mut y: Vec<f64>) -> Self {
        let length = x.len().min(y.len());
        x.truncate(length);
        y.truncate(length);
        if x.iter().any(|x| x.is_nan()) {
            let is_placed: Vec<bool> = x.iter().map(|x| !x.is_nan()).collect();
            let mut placed = is_placed.iter();
            x.retain(|_| *placed.next().unwrap_or(&false));
            let mut placed = is_placed.iter();
            y.retain(|_| *placed.next().unwrap_or(&false));
        }
        if !x.is_sorted_by(|a, b| a <= b) {
            let mut order: Vec<usize> = (0..x.len()).collect();
            order.sort_by(|a, b| x[*a].partial_cmp(&x[*b]).unwrap_or(std::cmp::Ordering::Equal));
            (x, y) = (order.iter().map(|at| x[*at]).collect(), order.iter().map(|at| y[*at]).collect());
        }
        Self { x, y }
    }

    /// Where the points lie, ascending, never NaN.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// What was logged there.
    pub fn y(&self) -> &[f64] {
        &self.y
    }

    /// How many points there are.
    pub fn len(&self) -> usize {
        self.x.len()
    }

    /// Whether there are no points.
    pub fn is_empty(&self) -> bool {
        self.x.is_empty()
    }

    /// The points in order.
    pub fn points(&self) -> impl ExactSizeIterator<Item = (f64, f64)> + '_ {
        self.x.iter().copied().zip(self.y.iter().copied())
    }
}
