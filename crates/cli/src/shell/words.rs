//! What the tab key offers: tables, columns, keys of configs and summaries, words of SQL, commands.

use std::collections::BTreeSet;

use runlake_query::sql::{SqlSession, vocabulary};

/// The words that lines are completed with.
#[derive(Debug, Default)]
pub(crate) struct Words {
    names: BTreeSet<String>,
    words: Vec<&'static str>,
}

impl Words {
    /// Those of the session's tables. Reads the runs.
    pub(crate) async fn of(session: &SqlSession) -> anyhow::Result<Self> {
        let mut names = BTreeSet::new();
        for table in session.tables() {
            names.insert(table.to_owned());
            names.extend(session.columns(table).await?.into_iter().map(|column| column.name));
        }
        Ok(Self { names, words: vocabulary() })
    }

    /// Where the word before the cursor begins, and what it may become. Names come first; one that SQL would take apart is put in quotes.
    pub(crate) fn complete(&self, line: &str, cursor: usize) -> (usize, Vec<String>) {
        let before = &line[..cursor];
        if before.trim_start().starts_with('.') && !before.trim_start().contains(' ') {
            let commands = [".tables", ".schema ", ".explain ", ".format ", ".output ", ".help", ".quit"];
            let start = before.find('.').unwrap_or(0);
            return (
                start,
                commands.iter().filter(|command| command.starts_with(&before[start..])).map(|&command| command.to_owned()).collect(),
            );
        }
        let quote = (before.matches('"').count() % 2 == 1).then(|| before.rfind('"')).flatten();
        let start = quote.unwrap_or_else(|| {
            before.rfind(|character| !is_part(character)).map_or(0, |at| at + before[at..].chars().next().map_or(0, char::len_utf8))
        });
        let word = before[start..].trim_start_matches('"');
        if word.is_empty() && quote.is_none() {
            return (cursor, Vec::new());
        }
        let mut found = self.names_like(word, quote.is_some());
        let mut start = start;
        if found.is_empty()
            && let Some((qualifier, rest)) = word.split_once('.').filter(|_| quote.is_none())
        {
            found = self.names_like(rest, false);
            start += qualifier.len() + 1;
        }
        if quote.is_none() && !word.contains('.') {
            let is_small = word.chars().all(|character| !character.is_uppercase());
            let words = self.words.iter().filter(|known| starts_with(known, word));
            found.extend(words.map(|known| if is_small { known.to_lowercase() } else { known.to_uppercase() }));
        }
        (start, found)
    }

    fn names_like(&self, word: &str, is_quoted: bool) -> Vec<String> {
        let names = self.names.iter().filter(|name| starts_with(name, word));
        names.map(|name| if is_quoted || !name.chars().all(is_part) { quoted(name) } else { name.clone() }).collect()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn is_part(character: char) -> bool {
    character.is_alphanumeric() || character == '_' || character == '.'
}

fn starts_with(name: &str, word: &str) -> bool {
    name.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_names() {
        let names = ["runs", "run_id", "config.lr", "config.seed", "val/acc", "val.loss"];
        let words = Words { names: names.into_iter().map(str::to_owned).collect(), words: vec!["SELECT", "SUM", "sum"] };
        let complete = |line: &str| words.complete(line, line.len());
        assert_eq!(complete("SELECT run_id FROM ru"), (19, vec!["run_id".to_owned(), "runs".to_owned()]));
        assert_eq!(complete("select config.l"), (7, vec!["config.lr".to_owned()]));
        assert_eq!(complete("select r.config.s"), (9, vec!["config.seed".to_owned()]));
        assert_eq!(complete("select val"), (7, vec!["val.loss".to_owned(), "\"val/acc\"".to_owned()]));
        assert_eq!(complete("select \"val/"), (7, vec!["\"val/acc\"".to_owned()]));
        assert_eq!(complete("sel"), (0, vec!["select".to_owned()]));
        assert_eq!(complete("SEL"), (0, vec!["SELECT".to_owned()]));
        assert_eq!(complete(".sc"), (0, vec![".schema ".to_owned()]));
        assert_eq!(complete("select "), (7, Vec::new()));
    }
}
