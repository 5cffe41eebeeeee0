//! What SQL says otherwise than Polars does: rewritten where Polars has a way of its own, and refused where it would answer something else
//! without a word.

use std::convert::Infallible;
use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, DuplicateTreatment, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, GroupByExpr, Ident, OrderBy,
    OrderByExpr, OrderByKind, Query, Select, SelectItem, SetExpr, Spanned as _, Statement as Ast, TableFactor, Visit as _, VisitMut as _,
    Visitor, VisitorMut,
};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

use super::join_condition::conditions_of_joins;
use super::problem::SqlProblem;
use super::source::bytes_of;

const AGGREGATES: [&str; 26] = [
    "array_agg",
    "avg",
    "corr",
    "count",
    "covar",
    "covar_pop",
    "covar_samp",
    "first",
    "group_concat",
    "last",
    "listagg",
    "max",
    "median",
    "min",
    "quantile_cont",
    "quantile_disc",
    "stddev",
    "stddev_samp",
    "stdev",
    "stdev_samp",
    "string_agg",
    "sum",
    "total",
    "var",
    "var_samp",
    "variance",
];

/// Makes of a query, whose names are resolved and whose computed columns are named, one of which Polars has SQL's answer.
///
/// # Errors
/// What Polars would answer otherwise.
pub(super) fn adapt(query: &mut Query, text: &str) -> Result<(), SqlProblem> {
    match query.visit(&mut Dialect { text }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(problem) => Err(*problem),
    }
}

struct Dialect<'a> {
    text: &'a str,
}

impl VisitorMut for Dialect<'_> {
    type Break = Box<SqlProblem>;

    fn post_visit_expr(&mut self, expression: &mut Expr) -> ControlFlow<Self::Break> {
        // Polars takes the sum of a constant for the constant.
        if let Expr::Function(function) = expression
            && let Some(constant) = summed_constant(function)
        {
            *expression = times_count(constant, function);
        }
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Self::Break> {
        match self.query(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(problem) => ControlFlow::Break(Box::new(problem)),
        }
    }
}

impl Dialect<'_> {
    fn query(&self, query: &mut Query) -> Result<(), SqlProblem> {
        let mut hidden = Vec::new();
        match query.body.as_mut() {
            SetExpr::Select(select) => {
                conditions_of_joins(select, self.text)?;
                self.aggregates(select, terms_of(&mut query.order_by).map(|term| &term.expr))?;
                let selected = selected_aggregates(select);
                for term in terms_of(&mut query.order_by) {
                    order_by_result(term, &selected, &mut hidden);
                }
                if !hidden.is_empty() {
                    self.add_hidden(query, hidden)?;
                }
            }
            // Polars would order the first of the queries, before the others come to it.
            SetExpr::SetOperation { .. } if query.order_by.is_some() => put_inside("SELECT * FROM (SELECT 1) AS _rows", query),
            _ => {}
        }
        for term in terms_of(&mut query.order_by) {
            // As in DuckDB: whichever way the order goes, what is not there comes last.
            term.options.nulls_first.get_or_insert(false);
        }
        Ok(())
    }

    /// Adds columns to a query that are ordered by and do not show.
    fn add_hidden(&self, query: &mut Query, hidden: Vec<SelectItem>) -> Result<(), SqlProblem> {
        let SetExpr::Select(select) = query.body.as_mut() else { return Ok(()) };
        let name = |item: &SelectItem| match item {
            SelectItem::ExprWithAlias { alias, .. } | SelectItem::UnnamedExpr(Expr::Identifier(alias)) => Some(alias.to_string()),
            SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last().map(Ident::to_string),
            _ => None,
        };
        let names: Option<Vec<String>> = select.projection.iter().map(name).collect();
        let Some(names) = names.filter(|_| select.distinct.is_none()) else {
            let problem = SqlProblem::new("an aggregate that is ordered by is not selected");
            return Err(problem
                .at(self.text, bytes_of(self.text, hidden[0].span()))
                .with_hint("select it under a name, and order by that"));
        };
        select.projection.extend(hidden);
        put_inside(&format!("SELECT {} FROM (SELECT 1) AS _rows", names.join(", ")), query);
        Ok(())
    }

    /// Refuses aggregates where they have no meaning, or another one to Polars.
    fn aggregates<'q>(&self, select: &'q Select, ordered_by: impl Iterator<Item = &'q Expr>) -> Result<(), SqlProblem> {
        let at = |expression: &Expr, message: String, hint: String| {
            SqlProblem::new(message).at(self.text, bytes_of(self.text, expression.span())).with_hint(hint)
        };
        if let Some(condition) = &select.selection
            && let Some(aggregate) = Parts::of(condition).aggregate
        {
            let hint = "HAVING, after GROUP BY, is the condition on aggregates".to_owned();
            return Err(at(&aggregate, format!("`{aggregate}` cannot stand in WHERE"), hint));
        }
        let items = select.projection.iter().filter_map(|item| match item {
            SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => Some(expr),
            _ => None,
        });
        let parts: Vec<Parts> = items.chain(ordered_by).map(Parts::of).collect();
        if let Some(aggregate) = parts.iter().find_map(|parts| parts.windowed.as_ref()) {
            let hint = "give it a name in a subquery, and take the window of that: WITH counts AS (SELECT …) SELECT … OVER (…) FROM counts";
            return Err(at(aggregate, format!("`{aggregate}` is an aggregate within a window"), hint.to_owned()));
        }
        let is_grouped = !matches!(&select.group_by, GroupByExpr::Expressions(keys, _) if keys.is_empty());
        let aggregate = parts.iter().find_map(|parts| parts.aggregate.as_ref());
        let Some(aggregate) = aggregate.filter(|_| !is_grouped) else { return Ok(()) };
        if let Some(column) = parts.iter().find_map(|parts| parts.column.as_ref()) {
            let hint = format!("GROUP BY {column}, or take an aggregate of it, such as first({column})");
            return Err(at(column, format!("`{column}` is neither grouped by nor in an aggregate, and `{aggregate}` is one value"), hint));
        }
        let has_all = select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)));
        let hint = "count(*) OVER () stands beside every row".to_owned();
        if has_all { Err(at(aggregate, format!("`{aggregate}` is one value, and `*` is every row"), hint)) } else { Ok(()) }
    }
}

/// What of an expression stands outside of subqueries.
#[derive(Default)]
struct Parts {
    subqueries: usize,
    aggregates: usize,
    windows: usize,
    /// The first aggregate.
    aggregate: Option<Expr>,
    /// The first column that is in no aggregate.
    column: Option<Expr>,
    /// The first aggregate that a window is taken of.
    windowed: Option<Expr>,
}

impl Parts {
    fn of(expression: &Expr) -> Self {
        let mut parts = Self::default();
        let ControlFlow::Continue(()) = expression.visit(&mut parts);
        parts
    }
}

impl Visitor for Parts {
    type Break = Infallible;

    fn pre_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.subqueries += 1;
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, _: &Query) -> ControlFlow<Self::Break> {
        self.subqueries -= 1;
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        match expression {
            _ if self.subqueries > 0 => {}
            Expr::Function(function) if is_aggregate(function) => {
                self.aggregates += 1;
                self.aggregate.get_or_insert_with(|| expression.clone());
                if self.windows > 0 {
                    self.windowed.get_or_insert_with(|| expression.clone());
                }
            }
            Expr::Function(function) if function.over.is_some() => self.windows += 1,
            Expr::Identifier(_) | Expr::CompoundIdentifier(_) if self.aggregates == 0 => {
                self.column.get_or_insert_with(|| expression.clone());
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expression: &Expr) -> ControlFlow<Self::Break> {
        match expression {
            _ if self.subqueries > 0 => {}
            Expr::Function(function) if is_aggregate(function) => self.aggregates -= 1,
            Expr::Function(function) if function.over.is_some() => self.windows -= 1,
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

fn is_aggregate(function: &Function) -> bool {
    let name = function.name.to_string().to_lowercase();
    function.over.is_none() && AGGREGATES.binary_search(&name.as_str()).is_ok()
}

/// The constant that a function sums up.
fn summed_constant(function: &Function) -> Option<Expr> {
    let name = function.name.to_string();
    let FunctionArguments::List(list) = &function.args else { return None };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] = list.args.as_slice() else { return None };
    let sums = name.eq_ignore_ascii_case("sum") && list.duplicate_treatment != Some(DuplicateTreatment::Distinct);
    let parts = Parts::of(argument);
    let is_constant = parts.column.is_none() && parts.aggregate.is_none() && !matches!(argument, Expr::Subquery(_));
    (sums && is_constant).then(|| argument.clone())
}

/// So many times the constant as the function, which sums it up, has rows.
fn times_count(constant: Expr, sum: &Function) -> Expr {
    let counted = parsed("SELECT count(*)").and_then(|query| match *query.body {
        SetExpr::Select(mut select) => select.projection.pop(),
        _ => None,
    });
    let Some(SelectItem::UnnamedExpr(Expr::Function(mut count))) = counted else { return Expr::Function(sum.clone()) };
    (count.over, count.filter) = (sum.over.clone(), sum.filter.clone());
    let product = Expr::BinaryOp {
        left: Box::new(Expr::Nested(Box::new(constant))),
        op: BinaryOperator::Multiply,
        right: Box::new(Expr::Function(count)),
    };
    Expr::Nested(Box::new(product))
}

fn terms_of(order: &mut Option<OrderBy>) -> impl Iterator<Item = &mut OrderByExpr> {
    let terms = order.as_mut().and_then(|order| match &mut order.kind {
        OrderByKind::Expressions(terms) => Some(terms),
        OrderByKind::All(_) => None,
    });
    terms.into_iter().flatten()
}

/// The aggregates that are selected, with their names.
fn selected_aggregates(select: &Select) -> Vec<(Expr, Ident)> {
    let named = select.projection.iter().filter_map(|item| match item {
        SelectItem::ExprWithAlias { expr, alias } => Some((expr.clone(), alias.clone())),
        _ => None,
    });
    named.filter(|(expr, _)| Parts::of(expr).aggregate.is_some()).collect()
}

/// An aggregate that is ordered by is a column of the result: one that is selected, or one of `hidden`, to which it is added. Polars would
/// take an aggregate of the result.
fn order_by_result(term: &mut OrderByExpr, selected: &[(Expr, Ident)], hidden: &mut Vec<SelectItem>) {
    if let Some((_, name)) = selected.iter().find(|(expr, _)| *expr == term.expr) {
        term.expr = Expr::Identifier(name.clone());
    } else if Parts::of(&term.expr).aggregate.is_some() {
        let alias = Ident::with_quote('"', format!("_order_{}", hidden.len()));
        let expr = std::mem::replace(&mut term.expr, Expr::Identifier(alias.clone()));
        hidden.push(SelectItem::ExprWithAlias { expr, alias });
    }
}

/// Makes of the rows of a query those of `outer`, a statement that has them where it says `(SELECT 1)`. Its order and limit apply to the whole.
fn put_inside(outer: &str, query: &mut Query) {
    let Some(outer) = parsed(outer) else { return };
    let rows = std::mem::replace(&mut query.body, outer.body);
    if let SetExpr::Select(select) = query.body.as_mut()
        && let Some(TableFactor::Derived { subquery, .. }) = select.from.first_mut().map(|table| &mut table.relation)
    {
        subquery.body = rows;
    }
}

/// The query of a text of this crate's own.
pub(super) fn parsed(text: &str) -> Option<Box<Query>> {
    match Parser::parse_sql(&GenericDialect, text).ok()?.pop()? {
        Ast::Query(query) => Some(query),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adapted(text: &str) -> String {
        let mut query = parsed(text).unwrap();
        match adapt(&mut query, text) {
            Ok(()) => query.to_string(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn names_of_aggregates_are_in_order() {
        assert!(AGGREGATES.is_sorted());
    }

    #[test]
    fn what_polars_has_its_own_way_for_is_rewritten() {
        for (written, adapted_to) in [
            ("SELECT a FROM t ORDER BY a DESC, b NULLS FIRST", "SELECT a FROM t ORDER BY a DESC NULLS LAST, b NULLS FIRST"),
            (
                "SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY count(*)",
                "SELECT a, count(*) AS n FROM t GROUP BY a ORDER BY n NULLS LAST",
            ),
            (
                "SELECT t.a FROM t GROUP BY t.a ORDER BY max(b) DESC, 1 LIMIT 2",
                r#"SELECT a FROM (SELECT t.a, max(b) AS "_order_0" FROM t GROUP BY t.a) AS _rows ORDER BY "_order_0" DESC NULLS LAST, 1 NULLS LAST LIMIT 2"#,
            ),
            ("SELECT sum(1) AS n, sum(a) AS b FROM t", "SELECT ((1) * count(*)) AS n, sum(a) AS b FROM t"),
            ("SELECT sum(2) OVER (PARTITION BY a) AS n FROM t", "SELECT ((2) * count(*) OVER (PARTITION BY a)) AS n FROM t"),
            (
                "SELECT a AS id FROM t UNION SELECT b FROM u ORDER BY id LIMIT 3",
                "SELECT * FROM (SELECT a AS id FROM t UNION SELECT b FROM u) AS _rows ORDER BY id NULLS LAST LIMIT 3",
            ),
            ("SELECT (SELECT max(a) FROM u) AS m, b FROM t", "SELECT (SELECT max(a) FROM u) AS m, b FROM t"),
            ("SELECT count(*) AS n, 1 AS one, max(a) - min(b) AS c FROM t", "SELECT count(*) AS n, 1 AS one, max(a) - min(b) AS c FROM t"),
        ] {
            assert_eq!(adapted(written), adapted_to);
        }
    }

    #[test]
    fn what_polars_would_answer_otherwise_is_refused() {
        for (written, message) in [
            ("SELECT a, count(*) AS n FROM t", "`a` is neither grouped by nor in an aggregate, and `count(*)` is one value"),
            ("SELECT *, max(a) AS m FROM t", "`max(a)` is one value, and `*` is every row"),
            ("SELECT a FROM t ORDER BY max(b)", "`a` is neither grouped by nor in an aggregate, and `max(b)` is one value"),
            ("SELECT a FROM t WHERE max(b) > 1", "`max(b)` cannot stand in WHERE"),
            ("SELECT a, sum(count(*)) OVER () AS n FROM t GROUP BY a", "`count(*)` is an aggregate within a window"),
            ("SELECT DISTINCT a FROM t GROUP BY a ORDER BY max(b)", "an aggregate that is ordered by is not selected"),
        ] {
            assert_eq!(adapted(written).lines().next(), Some(message), "{written}");
        }
    }
}
