//! Names like the one that was not found, for errors that help.

/// Up to three of `candidates` that are most like `wanted`: by edit distance ignoring case, or because one holds the other.
pub fn near_names<'a>(wanted: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let limit = (wanted.chars().count() / 4).max(1);
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let folded = candidate.to_lowercase();
            let distance = edit_distance(&wanted, &folded);
            let related = !wanted.is_empty() && (folded.contains(&wanted) || wanted.contains(&folded));
            (distance <= limit || related).then_some((distance, candidate))
        })
        .collect();
    scored.sort_unstable();
    scored.dedup();
    scored.into_iter().take(3).map(|(_, candidate)| candidate).collect()
}

fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found() {
        let keys = ["train/loss", "train/acc", "val/loss", "lr"];
        assert_eq!(near_names("train/los", keys), ["train/loss"]);
        assert_eq!(near_names("loss", keys), ["val/loss", "train/loss"]);
        assert!(near_names("zebra", keys).is_empty());
    }
}
