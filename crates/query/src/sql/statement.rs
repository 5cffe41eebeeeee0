//! One statement of SQL, parsed: what it asks for, and the words in it that name tables, columns and functions.

use std::collections::BTreeSet;
use std::ops::{ControlFlow, Range};

use runlake_ingest::without_panic;
use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart, Query, Statement as Ast, TableFactor, Visit as _, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::keywords::ALL_KEYWORDS;
use sqlparser::parser::{Parser, ParserError, ParserOptions};
use sqlparser::tokenizer::{Location, Token, Tokenizer};

use super::problem::SqlProblem;
use super::source::{byte_at, bytes_of};

/// What a statement asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Rows: `SELECT`, `WITH`, `VALUES`, and what joins them.
    Rows,
    /// The names of the tables: `SHOW TABLES`.
    Tables,
    /// The columns of a table: `DESCRIBE t`.
    Columns,
    /// How the rows would be got: `EXPLAIN SELECT`.
    Plan,
}

/// A name of several parts, such as `r.config.lr`, and where each part stands.
pub(super) type Path = Vec<(String, Range<usize>)>;

/// One statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// The text, without what follows its semicolon.
    pub(super) text: String,
    pub(super) asks: Asks,
    /// The query, when there is one.
    pub(super) query: Option<Box<Query>>,
    pub(super) words: Words,
}

/// The words of a statement by what they name, in the order of the text.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// Tables that are read, common table expressions among them.
    pub(super) relations: Path,
    /// Names that `WITH` gives.
    pub(super) common_tables: Path,
    /// Names that `AS` gives to tables.
    pub(super) table_aliases: BTreeSet<String>,
    /// Columns, with and without the names of tables and dicts before them.
    pub(super) columns: Vec<Path>,
    /// Functions.
    pub(super) functions: Path,
    /// Functions in the place of tables.
    pub(super) table_functions: Path,
}

/// The statements of a text, without the semicolons between them and without those that say nothing.
///
/// # Errors
/// When a quote or a comment has no end.
pub(super) fn split(text: &str) -> Result<Vec<&str>, SqlProblem> {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize_with_location();
    let tokens = tokens.map_err(|error| SqlProblem::new(words_of_parser(&error.message)).at(text, place(text, error.location)))?;
    let (mut statements, mut start, mut says_something) = (Vec::new(), 0, false);
    for token in tokens {
        match token.token {
            Token::SemiColon => {
                let end = byte_at(text, token.span.start).unwrap_or(text.len());
                if std::mem::take(&mut says_something) {
                    statements.push(text[start..end].trim());
                }
                start = byte_at(text, token.span.end).unwrap_or(text.len());
            }
            Token::Whitespace(_) | Token::EOF => {}
            _ => says_something = true,
        }
    }
    if says_something {
        statements.push(text[start..].trim());
    }
    Ok(statements)
}

/// Whether the last thing that a text says is a semicolon.
pub(super) fn is_complete(text: &str) -> bool {
    let tokens = Tokenizer::new(&GenericDialect, text).tokenize().unwrap_or_default();
    let last = tokens.iter().rev().find(|token| !matches!(token, Token::Whitespace(_) | Token::EOF));
    last == Some(&Token::SemiColon)
}

impl Statement {
    /// Parses one statement; `columns` are names that may turn out to be words of SQL.
    ///
    /// # Errors
    /// When it is none, when it is more than one, and when it does anything but read.
    pub(super) fn parse(text: &str, columns: &[&str]) -> Result<Self, SqlProblem> {
        let statements = split(text)?;
        let text = match statements[..] {
            [one] => one,
            [] => return Err(SqlProblem::new("there is no statement").with_hint("for example: SELECT * FROM runs")),
            [_, second, ..] => {
                let start = second.as_ptr() as usize - text.as_ptr() as usize;
                let first = second.chars().next().map_or(0, char::len_utf8);
                let problem = SqlProblem::new("one statement at a time").at(text, Some(start..start + first));
                return Err(problem.with_hint("`runlake sql` takes several, each with a semicolon at its end"));
            }
        };
        let options = ParserOptions { trailing_commas: true, ..ParserOptions::default() };
        let parse = || Parser::new(&GenericDialect).with_options(options).try_with_sql(text)?.parse_statements();
        let parsed = without_panic(parse).map_err(|_panic| SqlProblem::new("the statement cannot be parsed"))?;
        let mut parsed = parsed.map_err(|error| syntax_problem(text, &error, columns))?;
        let Some(ast) = parsed.pop().filter(|_| parsed.is_empty()) else { return Err(SqlProblem::new("there is no statement")) };
        let mut collector = Collector { text, words: Words::default() };
        let ControlFlow::Continue(()) = ast.visit(&mut collector);
        let words = collector.words;
        let (asks, query) = match ast {
            Ast::Query(query) => (Asks::Rows, Some(query)),
            Ast::ShowTables { .. } => (Asks::Tables, None),
            Ast::ExplainTable { .. } => (Asks::Columns, None),
            Ast::Explain { statement, .. } => match *statement {
                Ast::Query(query) => (Asks::Plan, Some(query)),
                _ => return Err(refusal(text)),
            },
            _ => return Err(refusal(text)),
        };
        Ok(Self { text: text.to_owned(), asks, query, words })
    }

    /// Names that stand for tables.
    pub(super) fn table_names(&self) -> BTreeSet<&str> {
        let named = self.words.relations.iter().chain(&self.words.common_tables).map(|(name, _)| name.as_str());
        named.chain(self.words.table_aliases.iter().map(String::as_str)).collect()
    }
}

fn refusal(text: &str) -> SqlProblem {
    let end = text.find(|character: char| !character.is_alphanumeric()).unwrap_or(text.len());
    let word = text[..end].to_uppercase();
    let problem = SqlProblem::new(format!("`{word}` would not read the lake, and nothing else is done here")).at(text, Some(0..end));
    problem.with_hint("statements are SELECT, WITH … SELECT, EXPLAIN SELECT, DESCRIBE table and SHOW TABLES")
}

fn place(text: &str, location: Location) -> Option<Range<usize>> {
    let start = byte_at(text, location)?;
    let rest = &text[start..];
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let length = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
    Some(start..start + length.max(rest.chars().next().map_or(0, char::len_utf8)))
}

/// What the parser says, in the words of this crate.
fn words_of_parser(message: &str) -> String {
    let message = match message.strip_prefix("Expected: ").and_then(|rest| rest.split_once(", found: ")) {
        Some((expected, "EOF")) => format!("the statement ends where {expected} is expected"),
        Some((expected, found)) => format!("{expected} is expected, and `{found}` was found"),
        None => message.to_owned(),
    };
    let mut characters = message.chars();
    characters.next().map_or_else(String::new, |first| first.to_lowercase().chain(characters).collect())
}

fn syntax_problem(text: &str, error: &ParserError, columns: &[&str]) -> SqlProblem {
    let message = match error {
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.as_str(),
        ParserError::RecursionLimitExceeded => return SqlProblem::new("the statement nests too deep"),
    };
    let (message, location) = message.rsplit_once(" at Line: ").map_or((message, None), |(message, rest)| {
        let numbers = rest.split_once(", Column: ").and_then(|(line, column)| Some((line.parse().ok()?, column.parse().ok()?)));
        (message, numbers.map(|(line, column)| Location::new(line, column)))
    });
    let place = if message.ends_with("found: EOF") { Some(text.len()..text.len()) } else { location.and_then(|at| place(text, at)) };
    let problem = SqlProblem::new(words_of_parser(message)).at(text, place.clone());
    // `SELECT group FROM runs`: the parser stumbles over the column or over what follows it.
    let before = text[..place.as_ref().map_or(0, |place| place.end)].trim_end();
    let last_words = before.rsplit(|character: char| !character.is_alphanumeric() && character != '_').filter(|word| !word.is_empty());
    let is_both = |word: &&str| columns.contains(word) && ALL_KEYWORDS.binary_search(&word.to_uppercase().as_str()).is_ok();
    match last_words.take(2).find(is_both) {
        Some(word) => problem.with_hint(format!("`{word}` is a word of SQL: the column is written \"{word}\"")),
        None => problem,
    }
}

struct Collector<'a> {
    text: &'a str,
    words: Words,
}

impl Collector<'_> {
    fn word(&self, ident: &Ident) -> (String, Range<usize>) {
        (ident.value.clone(), bytes_of(self.text, ident.span).unwrap_or(0..0))
    }

    fn path(&self, name: &ObjectName) -> Path {
        name.0.iter().filter_map(ObjectNamePart::as_ident).map(|ident| self.word(ident)).collect()
    }
}

impl Visitor for Collector<'_> {
    type Break = std::convert::Infallible;

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<Self::Break> {
        // A name of several parts is looked for as it was written, and not found.
        let path = self.path(relation);
        if let (Some((_, first)), Some((_, last))) = (path.first(), path.last()) {
            let name = path.iter().map(|(part, _)| part.as_str()).collect::<Vec<_>>().join(".");
            self.words.relations.push((name, first.start..last.end));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<Self::Break> {
        for common in query.with.iter().flat_map(|with| &with.cte_tables) {
            let word = self.word(&common.alias.name);
            self.words.common_tables.push(word);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<Self::Break> {
        let alias = match factor {
            TableFactor::Table { name, args, alias, .. } => {
                if args.is_some() {
                    let path = self.path(name);
                    self.words.table_functions.extend(path.into_iter().take(1));
                }
                alias
            }
            TableFactor::Function { name, alias, .. } => {
                let path = self.path(name);
                self.words.table_functions.extend(path.into_iter().take(1));
                alias
            }
            TableFactor::Derived { alias, .. } | TableFactor::UNNEST { alias, .. } | TableFactor::NestedJoin { alias, .. } => alias,
            _ => &None,
        };
        self.words.table_aliases.extend(alias.iter().map(|alias| alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        match expression {
            Expr::Identifier(ident) => {
                let path = vec![self.word(ident)];
                self.words.columns.push(path);
            }
            Expr::CompoundIdentifier(idents) => {
                let path = idents.iter().map(|ident| self.word(ident)).collect();
                self.words.columns.push(path);
            }
            Expr::Function(function) => {
                if let Some(ident) = function.name.0.first().and_then(ObjectNamePart::as_ident) {
                    let word = self.word(ident);
                    self.words.functions.push(word);
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }
}
