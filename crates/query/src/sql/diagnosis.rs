//! What Polars says of a statement, in words about the statement: the place in its text, and the names that may have been meant.
//!
//! Polars names no places. A name is looked for among the words of the statement; for any other fault the expressions of the statement are
//! tried one by one on tables without rows, the inner ones first, until one has the same fault.

use std::collections::{BTreeMap, HashSet};
use std::ops::{ControlFlow, Range};

use polars::prelude::{DataFrame, IntoLazy as _, LazyFrame, PolarsError};
use polars::sql::keywords::all_functions;
use runlake_ingest::without_panic;
use runlake_types::near_names;
use sqlparser::ast::{Expr, Query, Select, SelectItem, Spanned as _, Visit as _, Visitor};

use crate::answer::on_a_thread;

use super::names::Names;
use super::problem::SqlProblem;
use super::session::{fresh, plan};
use super::source::bytes_of;
use super::statement::{Path, Statement};

/// Expressions that are tried before a fault is told without its place.
const MOST_TRIALS: usize = 500;

/// Characters of a message of Polars that are shown.
const MOST_CHARACTERS: usize = 300;

/// A statement with all that is known of it.
pub(super) struct Diagnosis {
    pub(super) statement: Statement,
    pub(super) names: Names,
    /// The query as Polars has it, and the places of its words in the text.
    pub(super) resolved: Query,
    pub(super) frames: BTreeMap<String, LazyFrame>,
}

impl Diagnosis {
    pub(super) fn problem(&self, error: &PolarsError) -> SqlProblem {
        let message = error.to_string();
        let text = &self.statement.text;
        let quoted = |before: &str| Some(message.split_once(before)?.1.split(['"', '\'']).next()?.to_owned());
        if let Some(column) = quoted("unable to find column \"").or_else(|| quoted("no column named '")) {
            return self.unknown_column(&column, |path| path.last().is_some_and(|(last, _)| *last == column) || joined(path) == column);
        }
        if let Some(root) = quoted("no table or struct column named '") {
            let root = root.trim_matches('"').to_owned();
            return self.unknown_column(&root, |path| path.len() > 1 && path[0].0 == root);
        }
        if let Some(function) = quoted("unsupported function '") {
            let place = self.statement.words.functions.iter().find(|(name, _)| name.eq_ignore_ascii_case(&function));
            let problem = SqlProblem::new(format!("there is no function `{function}`")).with_near(near_names(&function, all_functions()));
            return problem.at(text, place.map(|(_, place)| place.clone()));
        }
        if let Some(table) = quoted("relation '").filter(|_| message.contains("was not found")) {
            let place = self.statement.words.relations.iter().find(|(name, _)| *name == table).map(|(_, place)| place.clone());
            return SqlProblem::new(format!("there is no table `{table}` here")).at(text, place);
        }
        if let Some((before, _)) = message.split_once("' should participate in the GROUP BY clause") {
            let column = before.rsplit('\'').next().unwrap_or_default();
            let problem =
                SqlProblem::new(format!("`{column}` is neither grouped by nor aggregated")).at(text, self.column_place(column, false));
            return problem.with_hint(format!("add it to GROUP BY, or take one of its values, such as max(\"{column}\")"));
        }
        if let Some(column) = quoted("duplicate output name '") {
            let problem =
                SqlProblem::new(format!("two columns of the result are called `{column}`")).at(text, self.column_place(&column, true));
            return problem.with_hint("name one of them with AS");
        }
        let fault = in_words(error);
        let column = quoted("in column '").and_then(|column| self.column_place(&column, false));
        let place = on_a_thread(|| Ok(self.place_of_fault(&fault))).ok().flatten().or(column);
        SqlProblem::new(fault.clone()).at(text, place)
    }

    fn unknown_column(&self, column: &str, is_meant: impl Fn(&Path) -> bool) -> SqlProblem {
        let path = self.statement.words.columns.iter().find(|path| is_meant(path));
        let name = path.map_or_else(|| column.to_owned(), joined);
        let place = path.and_then(|path| Some(path.first()?.1.start..path.last()?.1.end));
        let place = place.or_else(|| self.word_place(column));
        let near = self.names.near(column);
        let needs_quotes = |name: &&str| !name.chars().all(|character| character.is_alphanumeric() || character == '_' || character == '.');
        let hint = near.iter().find(|name| needs_quotes(name)).map(|name| format!("such names are written in double quotes: \"{name}\""));
        let problem = SqlProblem::new(format!("there is no column `{name}`")).with_near(near).at(&self.statement.text, place);
        match hint {
            Some(hint) => problem.with_hint(hint),
            None => problem.with_hint("DESCRIBE table lists the columns of a table"),
        }
    }

    fn column_place(&self, column: &str, last: bool) -> Option<Range<usize>> {
        let mut places =
            self.statement.words.columns.iter().filter(|path| {
                path.last().is_some_and(|(name, _)| name == column) || joined(path) == column || joined(&path[1..]) == column
            });
        let path = if last { places.next_back() } else { places.next() }?;
        Some(path.first()?.1.start..path.last()?.1.end)
    }

    /// Where a word stands that the parser tells no place of, such as a column in `USING`.
    fn word_place(&self, word: &str) -> Option<Range<usize>> {
        let text = &self.statement.text;
        let is_part = |character: Option<char>| character.is_some_and(|character| character.is_alphanumeric() || character == '_');
        let mut places = text.match_indices(word).map(|(start, _)| start..start + word.len());
        places.find(|place| !is_part(text[..place.start].chars().next_back()) && !is_part(text[place.end..].chars().next()))
    }

    /// The innermost expression that has the fault.
    fn place_of_fault(&self, fault: &str) -> Option<Range<usize>> {
        let empty = self.frames.iter().map(|(name, frame)| {
            let schema = without_panic(|| fresh(frame).collect_schema()).ok()?.ok()?;
            Some((name.clone(), DataFrame::empty_with_schema(&schema).lazy()))
        });
        let empty: BTreeMap<String, LazyFrame> = empty.collect::<Option<_>>()?;
        let mut collector = Expressions::default();
        let ControlFlow::Continue(()) = self.resolved.visit(&mut collector);
        let with = self.resolved.with.as_ref().map_or_else(String::new, |with| format!("{with} "));
        let mut tried = HashSet::new();
        for (from, expression, is_condition) in collector.found.iter().take(MOST_TRIALS) {
            let trial = match (is_condition, from.is_empty()) {
                (true, false) => format!("{with}SELECT 1 AS one FROM {from} WHERE {expression}"),
                (_, true) => format!("{with}SELECT {expression} AS one"),
                (false, false) => format!("{with}SELECT {expression} AS one FROM {from}"),
            };
            if !tried.insert(trial.clone()) {
                continue;
            }
            let outcome = without_panic(|| plan(&trial, &empty).and_then(LazyFrame::collect));
            if matches!(outcome, Ok(Err(error)) if in_words(&error) == fault) {
                return bytes_of(&self.statement.text, expression.span()).map(|place| self.with_brackets(place));
            }
        }
        None
    }

    /// The parser's span of a call ends before its bracket.
    fn with_brackets(&self, place: Range<usize>) -> Range<usize> {
        let text = &self.statement.text;
        let inner = &text[place.clone()];
        let open = inner.matches('(').count().saturating_sub(inner.matches(')').count());
        let end = text[place.end..].match_indices(')').take(open).last().map_or(place.end, |(at, _)| place.end + at + 1);
        place.start..end
    }
}

/// The expressions of a query, the inner ones first, each with what its rows come from, and whether it is a condition for rows.
#[derive(Default)]
struct Expressions {
    found: Vec<(String, Expr, bool)>,
}

impl Visitor for Expressions {
    type Break = std::convert::Infallible;

    fn post_visit_select(&mut self, select: &Select) -> ControlFlow<Self::Break> {
        let from = select.from.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let items = select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expression) | SelectItem::ExprWithAlias { expr: expression, .. } => Some(expression),
            _ => None,
        });
        for root in items.chain(&select.selection).chain(&select.having).chain(&select.qualify) {
            let mut inner = Inner::default();
            let ControlFlow::Continue(()) = root.visit(&mut inner);
            self.found.extend(inner.0.into_iter().map(|expression| (from.clone(), expression, false)));
        }
        self.found.extend(select.selection.iter().map(|condition| (from.clone(), condition.clone(), true)));
        ControlFlow::Continue(())
    }
}

#[derive(Default)]
struct Inner(Vec<Expr>);

impl Visitor for Inner {
    type Break = std::convert::Infallible;

    fn post_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        self.0.push(expression.clone());
        ControlFlow::Continue(())
    }
}

fn joined(path: impl AsRef<[(String, Range<usize>)]>) -> String {
    path.as_ref().iter().map(|(part, _)| part.as_str()).collect::<Vec<_>>().join(".")
}

/// What Polars says, in one line and without what only its own callers understand.
pub(super) fn in_words(error: &PolarsError) -> String {
    let message = error.to_string();
    if let Some((_, reason)) = message.split_once("regex parse error:").and_then(|(_, rest)| rest.split_once("error: ")) {
        return format!("a pattern is no regular expression: {}", reason.trim());
    }
    let mut words = message.lines().next().unwrap_or_default().to_owned();
    // Syntax trees are printed as the parser has them.
    if let Some(at) = ["Span(", "Location(", " { ", "Ident("].iter().filter_map(|mark| words.find(mark)).min() {
        let sentence = words[..at].split(['\'', '`', '(', ':']).next().unwrap_or_default().trim();
        words = format!("{sentence}: this is not supported");
    }
    for (theirs, ours) in [
        ("; try an explicit cast first", "; CAST(… AS …) changes a type"),
        ("dyn int", "integer"),
        ("dyn float", "float"),
        ("on dtypes", "on types"),
        ("for dtype", "for type"),
        ("filter predicate must be of type `Boolean`, got", "a condition is true or false, and this is of type"),
        ("dtype", "type"),
    ] {
        words = words.replace(theirs, ours);
    }
    if words.chars().count() > MOST_CHARACTERS {
        words = words.chars().take(MOST_CHARACTERS).chain(['…']).collect();
    }
    words
}
