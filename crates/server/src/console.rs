//! A run's console output, read from its `output.log`.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::Path;

use crate::Error;

/// The file that the client uploads the console output to.
pub(crate) const OUTPUT_FILE: &str = "output.log";

/// Which lines are asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Wanted {
    /// Lines by number, from 0.
    Numbers { from: usize, most: usize },
    /// The last lines.
    Last(usize),
}

/// Some lines, and how many there are in all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lines {
    pub(crate) total: usize,
    /// The number of the first of `texts`.
    pub(crate) first: usize,
    pub(crate) texts: Vec<String>,
}

/// Reads the wanted lines. Invalid UTF-8 is replaced. Blocks.
pub(crate) fn read(path: &Path, wanted: Wanted) -> Result<Lines, Error> {
    let wanted = match wanted {
        Wanted::Numbers { from, most } => from..from.saturating_add(most),
        Wanted::Last(most) => {
            let total = visit(path, 0..0, |_| {})?;
            total.saturating_sub(most)..total
        }
    };
    let mut texts = Vec::new();
    let total = visit(path, wanted.clone(), |text| texts.push(text))?;
    Ok(Lines { total, first: wanted.start, texts })
}

/// How many lines the file has. Blocks.
pub(crate) fn count(path: &Path) -> Result<usize, Error> {
    visit(path, 0..0, |_| {})
}

fn visit(path: &Path, wanted: Range<usize>, mut see: impl FnMut(String)) -> Result<usize, Error> {
    let failed = || Error::io("read the console output of a run");
    let mut file = BufReader::new(File::open(path).map_err(failed())?);
    let (mut line, mut number) = (Vec::new(), 0);
    while file.read_until(b'\n', &mut line).map_err(failed())? > 0 {
        if wanted.contains(&number) {
            see(String::from_utf8_lossy(line.trim_ascii_end()).into_owned());
        }
        line.clear();
        number += 1;
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_by_number_and_from_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(OUTPUT_FILE);
        std::fs::write(&path, b"one\ntwo\r\nthr\xffee\nfour").unwrap();
        let texts = |wanted| {
            let lines = read(&path, wanted).unwrap();
            (lines.total, lines.first, lines.texts)
        };
        assert_eq!(texts(Wanted::Numbers { from: 1, most: 2 }), (4, 1, vec!["two".to_owned(), "thr\u{fffd}ee".to_owned()]));
        assert_eq!(texts(Wanted::Numbers { from: 9, most: 2 }), (4, 9, vec![]));
        assert_eq!(texts(Wanted::Last(1)), (4, 3, vec!["four".to_owned()]));
        assert_eq!(texts(Wanted::Last(9)).2.len(), 4);
        assert_eq!(count(&path).unwrap(), 4);
    }
}
