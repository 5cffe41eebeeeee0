//! The names in a statement, as the engine has them: `config.lr`, `r.config.model.depth` and `val.acc` are columns whose names have dots, and
//! `config.*` is all columns of the dict.
//!
//! All else of the statement reaches the engine as it was written, but for the names of computed columns.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use runlake_types::near_names;
use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, ObjectNamePart, OrderByKind, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    Value, ValueWithSpan, VisitMut as _, VisitorMut,
};
use sqlparser::tokenizer::Span;

use super::problem::SqlProblem;
use super::runs_frame::DICTS;
use super::source::bytes_of;
use super::statement::Statement;

/// The columns of the tables that a statement reads.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Every column, of any table.
    pub(super) columns: BTreeSet<String>,
    /// The true names of metrics whose columns are called otherwise, with their columns.
    pub(super) renamed: BTreeMap<String, String>,
    /// Whether `runs` is among the tables.
    pub(super) has_runs: bool,
}

impl Names {
    /// The query of a statement with its names replaced. What is replaced keeps its place in the text.
    ///
    /// # Errors
    /// A key of a dict that no run has.
    pub(super) fn resolve(&self, statement: &Statement, query: &Query) -> Result<Query, SqlProblem> {
        let mut query = query.clone();
        let mut resolver = Resolver { names: self, tables: statement.table_names(), text: &statement.text };
        match query.visit(&mut resolver) {
            ControlFlow::Continue(()) => Ok(query),
            ControlFlow::Break(problem) => Err(*problem),
        }
    }

    fn unknown_key(&self, own: &[Ident]) -> SqlProblem {
        let (name, dict) = (joined(own), &own[0].value);
        let keys = || self.columns.iter().map(String::as_str).filter(|column| column.starts_with(&format!("{dict}.")));
        if own.len() == 1 {
            let is_plain = |key: &&str| key.chars().all(|character| character.is_alphanumeric() || character == '_' || character == '.');
            let example = keys().find(is_plain).map_or_else(|| format!("{dict}.\"KEY\""), str::to_owned);
            let problem = SqlProblem::new(format!("`{dict}` is a dict, and its keys are columns"));
            return problem.with_hint(format!("write {example} for one, {dict}.* for all"));
        }
        let inner: Vec<&str> = keys().filter(|column| column.starts_with(&format!("{name}."))).take(3).collect();
        if !inner.is_empty() {
            return SqlProblem::new(format!("`{name}` is a dict, and its keys are columns")).with_near(inner);
        }
        let key = &name[dict.len() + 1..];
        let problem = SqlProblem::new(format!("no run has a key `{key}` in its {dict}"));
        problem.with_near(self.near(&name)).with_hint(format!("DESCRIBE runs lists every key; SELECT {dict}.* FROM runs shows all"))
    }

    /// The columns whose names are most like this one: by the name, and by the key alone.
    pub(super) fn near(&self, name: &str) -> Vec<&str> {
        let by_name = near_names(name, self.columns.iter().map(String::as_str));
        if !by_name.is_empty() {
            return by_name;
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let keys = self.columns.iter().filter_map(|column| Some((column.split_once('.')?.1, column.as_str())));
        let keys: Vec<(&str, &str)> = keys.filter(|(key, _)| !key.is_empty()).collect();
        let near = near_names(last, keys.iter().map(|(key, _)| *key));
        near.into_iter().filter_map(|key| keys.iter().find(|(known, _)| *known == key).map(|(_, column)| *column)).collect()
    }
}

/// Replaces names where they stand.
struct Resolver<'a> {
    names: &'a Names,
    tables: BTreeSet<&'a str>,
    text: &'a str,
}

impl Resolver<'_> {
    /// The column of the lake that a name with dots is, with the name of its table before it; `None` when the name is to stay.
    fn column(&self, path: &[Ident]) -> Result<Option<Vec<Ident>>, Box<SqlProblem>> {
        let (table, own) = self.without_table(path);
        let name = joined(own);
        let Some(first) = own.first() else { return Ok(None) };
        let column = self.names.renamed.get(&name).filter(|_| !self.names.columns.contains(&name)).unwrap_or(&name);
        if self.names.columns.contains(column) {
            let is_written_so = own.len() == 1 && *column == name;
            let replaced = || table.iter().cloned().chain([quoted(column, span_of(own))]).collect();
            return Ok((!is_written_so).then(replaced));
        }
        if self.is_dict(first) { Err(Box::new(self.unknown_key(own))) } else { Ok(None) }
    }

    /// The columns that `config.*` is, or `None` when what stands before the asterisk is no dict.
    fn wildcard(&self, name: &ObjectName) -> Result<Option<Vec<SelectItem>>, Box<SqlProblem>> {
        let path: Vec<Ident> = name.0.iter().filter_map(ObjectNamePart::as_ident).cloned().collect();
        let (table, own) = self.without_table(&path);
        let Some(first) = own.first().filter(|first| self.is_dict(first)) else { return Ok(None) };
        let prefix = format!("{}.", joined(own));
        let columns = self.names.columns.iter().filter(|column| column.starts_with(&prefix));
        let item = |column: &String| {
            let column = quoted(column, first.span);
            SelectItem::UnnamedExpr(match table {
                [] => Expr::Identifier(column),
                table => Expr::CompoundIdentifier(table.iter().cloned().chain([column]).collect()),
            })
        };
        let items: Vec<SelectItem> = columns.map(item).collect();
        if items.is_empty() { Err(Box::new(self.unknown_key(own))) } else { Ok(Some(items)) }
    }

    /// The name of a table that a path begins with, and the rest.
    fn without_table<'b>(&self, path: &'b [Ident]) -> (&'b [Ident], &'b [Ident]) {
        let names_table = path.first().is_some_and(|first| self.tables.contains(first.value.as_str()));
        path.split_at(usize::from(names_table && (path.len() > 1)))
    }

    fn is_dict(&self, first: &Ident) -> bool {
        let name = first.value.as_str();
        self.names.has_runs && DICTS.contains(&name) && !self.tables.contains(name) && !self.names.columns.contains(name)
    }

    fn unknown_key(&self, own: &[Ident]) -> SqlProblem {
        self.names.unknown_key(own).at(self.text, bytes_of(self.text, span_of(own)))
    }
}

impl VisitorMut for Resolver<'_> {
    type Break = Box<SqlProblem>;

    fn pre_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Self::Break> {
        let path = match expression {
            Expr::Identifier(ident) => std::slice::from_ref(ident),
            Expr::CompoundIdentifier(idents) => idents.as_slice(),
            _ => return ControlFlow::Continue(()),
        };
        match self.column(path) {
            Ok(Some(mut column)) => {
                *expression = match (column.pop(), column.is_empty()) {
                    (Some(name), true) => Expr::Identifier(name),
                    (name, _) => Expr::CompoundIdentifier(column.into_iter().chain(name).collect()),
                };
            }
            Ok(None) => {}
            Err(problem) => return ControlFlow::Break(problem),
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        order_by_results(query);
        ControlFlow::Continue(())
    }

    fn pre_visit_value(&mut self, value: &mut ValueWithSpan) -> ControlFlow<Self::Break> {
        // Polars reads `1e-3` only with a point in it.
        if let Value::Number(digits, _) = &mut value.value
            && !digits.contains('.')
            && let Some(exponent) = digits.find(['e', 'E'])
        {
            digits.insert_str(exponent, ".0");
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Self::Break> {
        let mut items = Vec::with_capacity(select.projection.len());
        for item in std::mem::take(&mut select.projection) {
            let expanded = match &item {
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), _) => self.wildcard(name),
                _ => Ok(None),
            };
            match expanded {
                Ok(Some(columns)) => items.extend(columns),
                Ok(None) => items.push(named(item)),
                Err(problem) => return ControlFlow::Break(problem),
            }
        }
        select.projection = items;
        ControlFlow::Continue(())
    }
}

/// `SELECT r.x … GROUP BY r.x ORDER BY r.x` is ordered by the column `x` of the result: that of the table is not there any more.
fn order_by_results(query: &mut Query) {
    let (SetExpr::Select(select), Some(order)) = (query.body.as_ref(), query.order_by.as_mut()) else { return };
    let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
    let OrderByKind::Expressions(terms) = &mut order.kind else { return };
    for term in terms.iter_mut().filter(|_| is_grouped) {
        let is_selected = |item: &SelectItem| matches!(item, SelectItem::UnnamedExpr(selected) if *selected == term.expr);
        if let Expr::CompoundIdentifier(path) = &term.expr
            && let Some(name) = path.last().filter(|_| select.projection.iter().any(is_selected))
        {
            term.expr = Expr::Identifier(name.clone());
        }
    }
}

/// An item that is computed has the name that it was written with: `max(loss)` beside `min(loss)` are two columns.
fn named(item: SelectItem) -> SelectItem {
    match item {
        SelectItem::UnnamedExpr(expr) if !is_column(&expr) && !expands(&expr) => {
            let alias = Ident::with_quote('"', expr.to_string());
            SelectItem::ExprWithAlias { expr, alias }
        }
        other => other,
    }
}

fn is_column(expression: &Expr) -> bool {
    matches!(expression, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::CompoundFieldAccess { .. })
}

/// `COLUMNS('pattern')` is many columns, each with a name of its own.
fn expands(expression: &Expr) -> bool {
    let expands = sqlparser::ast::visit_expressions(expression, |inner| match inner {
        Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("columns") => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    expands.is_break()
}

fn joined(path: &[Ident]) -> String {
    path.iter().map(|part| part.value.as_str()).collect::<Vec<_>>().join(".")
}

fn quoted(name: &str, span: Span) -> Ident {
    Ident::with_quote_and_span('"', span, name)
}

fn span_of(path: &[Ident]) -> Span {
    match (path.first(), path.last()) {
        (Some(first), Some(last)) => Span::new(first.span.start, last.span.end),
        _ => Span::empty(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(text: &str) -> String {
        let columns = ["run_id", "config.lr", "config.model.depth", "config.model.width", "summary.best/acc", "val.acc", "Loss_2"];
        let names = Names {
            columns: columns.into_iter().map(str::to_owned).collect(),
            renamed: BTreeMap::from([("Loss".to_owned(), "Loss_2".to_owned())]),
            has_runs: true,
        };
        let resolved = Statement::parse(text, &[]).and_then(|statement| names.resolve(&statement, statement.query.as_ref().unwrap()));
        resolved.map_or_else(|problem| problem.to_string(), |query| query.to_string())
    }

    #[test]
    fn names_with_dots_are_columns() {
        for (written, resolved) in [
            ("SELECT config.lr FROM runs", r#"SELECT "config.lr" FROM runs"#),
            (r#"SELECT r.config."lr" AS lr FROM runs r"#, r#"SELECT r."config.lr" AS lr FROM runs r"#),
            ("SELECT config.model.depth, val.acc FROM runs", r#"SELECT "config.model.depth", "val.acc" FROM runs"#),
            (r#"SELECT config."model.depth" FROM runs"#, r#"SELECT "config.model.depth" FROM runs"#),
            (r#"SELECT max(summary."best/acc") FROM runs"#, r#"SELECT max("summary.best/acc") AS "max(summary.""best/acc"")" FROM runs"#),
            ("SELECT config.model.* FROM runs", r#"SELECT "config.model.depth", "config.model.width" FROM runs"#),
            ("SELECT r.config.model.* FROM runs r", r#"SELECT r."config.model.depth", r."config.model.width" FROM runs r"#),
            ("SELECT max(config.lr), 1 AS one FROM runs", r#"SELECT max("config.lr") AS "max(config.lr)", 1 AS one FROM runs"#),
            ("SELECT columns('x'), count(*) FROM runs", r#"SELECT columns('x'), count(*) AS "count(*)" FROM runs"#),
            ("SELECT runs.run_id, runs.* FROM runs", "SELECT runs.run_id, runs.* FROM runs"),
            (r#"SELECT "Loss" FROM histories"#, r#"SELECT "Loss_2" FROM histories"#),
            (
                "SELECT r.config.lr FROM runs r GROUP BY r.config.lr ORDER BY r.config.lr",
                r#"SELECT r."config.lr" FROM runs r GROUP BY r."config.lr" ORDER BY "config.lr""#,
            ),
            ("SELECT run_id FROM runs WHERE config.lr = 1e-3", r#"SELECT run_id FROM runs WHERE "config.lr" = 1.0e-3"#),
            ("SELECT config.lr FROM labels AS config", "SELECT config.lr FROM labels AS config"),
        ] {
            assert_eq!(resolve(written), resolved);
        }
    }

    #[test]
    fn keys_that_no_run_has() {
        insta::assert_snapshot!(resolve("SELECT run_id,\n  config.lrr FROM runs"), @r"
        no run has a key `lrr` in its config; is it config.lr?
        2 |   config.lrr FROM runs
          |   ^^^^^^^^^^
        ");
        insta::assert_snapshot!(resolve("SELECT config.model FROM runs"), @r"
        `config.model` is a dict, and its keys are columns; is it config.model.depth or config.model.width?
        1 | SELECT config.model FROM runs
          |        ^^^^^^^^^^^^
        ");
        insta::assert_snapshot!(resolve("SELECT config FROM runs"), @r"
        `config` is a dict, and its keys are columns
        1 | SELECT config FROM runs
          |        ^^^^^^
        ");
    }
}
