//! A curve brought onto the axis that it shares with others.

/// One value for each place of a shared axis, or none. A value may be NaN, which is not the same as none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Aligned {
    values: Vec<f64>,
    is_there: Vec<bool>,
}

impl Aligned {
    /// No value at any of so many places.
    pub fn none(places: usize) -> Self {
        Self { values: vec![0.0; places], is_there: vec![false; places] }
    }

    /// A value at every place.
    pub fn all(values: Vec<f64>) -> Self {
        Self { is_there: vec![true; values.len()], values }
    }

    /// How many places the axis has.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether the axis has no places.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The value at a place.
    pub fn get(&self, place: usize) -> Option<f64> {
        (*self.is_there.get(place)?).then(|| self.values[place])
    }

    /// Sets the value at a place. A place that the axis does not have is passed over.
    #[inline]
    pub fn set(&mut self, place: usize, value: f64) {
        if let Some(slot) = self.values.get_mut(place) {
            *slot = value;
            self.is_there[place] = true;
        }
    }

    /// Whether no place has a value.
    pub fn is_all_none(&self) -> bool {
        !self.is_there.contains(&true)
    }

    /// The values in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<f64>> + '_ {
        self.values.iter().zip(&self.is_there).map(|(value, is_there)| is_there.then_some(*value))
    }

    /// The values, with zero where there is none. [`Aligned::is_there`] tells the two apart.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// Which of the places have a value.
    pub fn is_there(&self) -> &[bool] {
        &self.is_there
    }

    /// The values, with zero where there is none, and which of them are there: the two halves of an Arrow array.
    pub fn into_parts(self) -> (Vec<f64>, Vec<bool>) {
        (self.values, self.is_there)
    }
}

impl FromIterator<Option<f64>> for Aligned {
    fn from_iter<I: IntoIterator<Item = Option<f64>>>(values: I) -> Self {
        let (values, is_there) = values.into_iter().map(|value| (value.unwrap_or_default(), value.is_some())).unzip();
        Self { values, is_there }
    }
}
