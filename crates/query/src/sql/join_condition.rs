//! What a join asks beside equalities of columns, which is all that Polars joins by.

use sqlparser::ast::{
    BinaryOperator, Expr, Ident, JoinConstraint, JoinOperator, Select, Spanned as _, TableFactor, TableWithJoins, visit_expressions,
};
use std::ops::ControlFlow;

use super::dialect::parsed;
use super::problem::SqlProblem;
use super::source::bytes_of;

/// Moves conditions of joins to where they mean the same: those of inner joins to `WHERE`, and those on the joined table of a join that keeps,
/// or looks for, the rows of the other into a subquery.
///
/// # Errors
/// Conditions that can be moved to neither.
pub(super) fn conditions_of_joins(select: &mut Select, text: &str) -> Result<(), SqlProblem> {
    let mut moved = Vec::new();
    for TableWithJoins { joins, .. } in &mut select.from {
        // Rows of a later table that find no other would not pass a condition on the others.
        let last_outer = joins.iter().rposition(|join| keeps_right(&join.join_operator)).unwrap_or(0);
        for (at, join) in joins.iter_mut().enumerate() {
            let Some(condition) = condition_of(&mut join.join_operator) else { continue };
            let (equalities, others): (Vec<Expr>, Vec<Expr>) = conjuncts(condition).into_iter().partition(is_equality);
            let Some(first) = others.first() else { continue };
            let refused = |reason: &str, hint: &str| {
                let place = bytes_of(text, first.span());
                Err(SqlProblem::new(format!("`{first}` {reason}")).at(text, place).with_hint(hint))
            };
            let kept = all_of(equalities);
            match &join.join_operator {
                JoinOperator::Join(_) | JoinOperator::Inner(_) if at >= last_outer => {
                    moved.extend(others);
                    join.join_operator =
                        kept.map_or(JoinOperator::CrossJoin(JoinConstraint::None), |kept| JoinOperator::Inner(JoinConstraint::On(kept)));
                }
                JoinOperator::Join(_) | JoinOperator::Inner(_) => {
                    return refused("cannot stand before a RIGHT or FULL JOIN", "join these tables in a subquery of their own");
                }
                operator if filters_right(operator) && kept.is_some() && others.iter().all(|other| is_of(&join.relation, other)) => {
                    if let (Some(kept), Some(condition)) = (kept, condition_of(&mut join.join_operator)) {
                        *condition = kept;
                    }
                    filter(&mut join.relation, others);
                }
                _ => {
                    let hint =
                        "such a join takes equalities of columns, beside conditions on its own table; choose rows in a subquery first";
                    return refused("cannot stand in the ON of this join", hint);
                }
            }
        }
    }
    let conditions = select.selection.take().map(|condition| Expr::Nested(Box::new(condition)));
    select.selection = all_of(conditions.into_iter().chain(moved).collect());
    Ok(())
}

fn condition_of(operator: &mut JoinOperator) -> Option<&mut Expr> {
    use JoinOperator::{Anti, FullOuter, Inner, Join, Left, LeftAnti, LeftOuter, LeftSemi, Right, RightAnti, RightOuter, RightSemi, Semi};
    match operator {
        Join(on) | Inner(on) | Left(on) | LeftOuter(on) | Right(on) | RightOuter(on) | FullOuter(on) | Semi(on) | LeftSemi(on)
        | RightSemi(on) | Anti(on) | LeftAnti(on) | RightAnti(on) => {
            if let JoinConstraint::On(condition) = on {
                Some(condition)
            } else {
                None
            }
        }
        _ => None,
    }
}

/// Whether rows of the joined table stay that find no other.
fn keeps_right(operator: &JoinOperator) -> bool {
    matches!(operator, JoinOperator::Right(_) | JoinOperator::RightOuter(_) | JoinOperator::FullOuter(_))
}

/// Whether a condition on the joined table alone may be asked of it before.
fn filters_right(operator: &JoinOperator) -> bool {
    use JoinOperator::{Anti, Left, LeftAnti, LeftOuter, LeftSemi, Semi};
    matches!(operator, Left(_) | LeftOuter(_) | Semi(_) | LeftSemi(_) | Anti(_) | LeftAnti(_))
}

/// What `AND` joins.
fn conjuncts(condition: &Expr) -> Vec<Expr> {
    match condition {
        Expr::BinaryOp { left, op: BinaryOperator::And, right } => [conjuncts(left), conjuncts(right)].concat(),
        Expr::Nested(inner) => conjuncts(inner),
        other => vec![other.clone()],
    }
}

fn all_of(conditions: Vec<Expr>) -> Option<Expr> {
    let and = |left, right| Expr::BinaryOp { left: Box::new(left), op: BinaryOperator::And, right: Box::new(right) };
    let nested = |condition| match condition {
        nested @ Expr::Nested(_) => nested,
        other => Expr::Nested(Box::new(other)),
    };
    match conditions.len() {
        0 | 1 => conditions.into_iter().next(),
        _ => conditions.into_iter().map(nested).reduce(and),
    }
}

/// Whether both sides of an equality have columns.
fn is_equality(condition: &Expr) -> bool {
    matches!(condition, Expr::BinaryOp { left, op: BinaryOperator::Eq, right } if !columns(left).is_empty() && !columns(right).is_empty())
}

/// The names of columns in an expression, in parts.
fn columns(expression: &Expr) -> Vec<Vec<Ident>> {
    let mut columns = Vec::new();
    let ControlFlow::Continue(()) = visit_expressions(expression, |inner| {
        match inner {
            Expr::Identifier(ident) => columns.push(vec![ident.clone()]),
            Expr::CompoundIdentifier(path) => columns.push(path.clone()),
            _ => {}
        }
        ControlFlow::<std::convert::Infallible>::Continue(())
    });
    columns
}

/// Whether every column of a condition is called by the name of this table.
fn is_of(table: &TableFactor, condition: &Expr) -> bool {
    let TableFactor::Table { name, alias, .. } = table else { return false };
    let name = alias.as_ref().map_or_else(|| name.to_string(), |alias| alias.name.value.clone());
    columns(condition).iter().all(|path| path.len() > 1 && path[0].value == name)
}

/// Leaves those rows of a table that fulfil the conditions.
fn filter(table: &mut TableFactor, conditions: Vec<Expr>) {
    let TableFactor::Table { name, alias, .. } = table else { return };
    let called = alias.as_ref().map_or_else(|| name.to_string(), |alias| alias.name.to_string());
    let Some(condition) = all_of(conditions) else { return };
    let text = format!("SELECT * FROM (SELECT * FROM {name} AS {called} WHERE {condition}) AS {called}");
    if let Some(query) = parsed(&text)
        && let sqlparser::ast::SetExpr::Select(mut select) = *query.body
        && let Some(filtered) = select.from.pop()
    {
        *table = filtered.relation;
    }
}

#[cfg(test)]
mod tests {
    use sqlparser::ast::SetExpr;

    use super::*;

    fn moved(text: &str) -> String {
        let mut query = parsed(text).unwrap();
        let SetExpr::Select(select) = query.body.as_mut() else { panic!("{text}") };
        match conditions_of_joins(select, text) {
            Ok(()) => query.to_string(),
            Err(problem) => problem.to_string(),
        }
    }

    #[test]
    fn conditions_are_moved_to_where_they_mean_the_same() {
        for (written, expected) in [
            ("SELECT * FROM a JOIN b ON a.x = b.x", "SELECT * FROM a JOIN b ON a.x = b.x"),
            ("SELECT * FROM a JOIN b ON a.x = b.x AND b.y = 3", "SELECT * FROM a INNER JOIN b ON a.x = b.x WHERE b.y = 3"),
            ("SELECT * FROM a JOIN b ON a.x < b.x WHERE a.y OR b.y", "SELECT * FROM a CROSS JOIN b WHERE (a.y OR b.y) AND (a.x < b.x)"),
            (
                "SELECT * FROM a LEFT JOIN b AS c ON a.x = c.x AND c.y > 3",
                "SELECT * FROM a LEFT JOIN (SELECT * FROM b AS c WHERE c.y > 3) AS c ON a.x = c.x",
            ),
            (
                "SELECT * FROM a ANTI JOIN b ON (a.x = b.x AND b.y IN (1, 2))",
                "SELECT * FROM a ANTI JOIN (SELECT * FROM b AS b WHERE b.y IN (1, 2)) AS b ON a.x = b.x",
            ),
        ] {
            assert_eq!(moved(written), expected);
        }
    }

    #[test]
    fn conditions_that_cannot_be_moved_are_refused() {
        for (written, message) in [
            ("SELECT * FROM a LEFT JOIN b ON a.x = b.x AND a.y > 3", "`a.y > 3` cannot stand in the ON of this join"),
            ("SELECT * FROM a LEFT JOIN b ON a.x < b.x", "`a.x < b.x` cannot stand in the ON of this join"),
            ("SELECT * FROM a FULL JOIN b ON a.x = b.x AND b.y > 3", "`b.y > 3` cannot stand in the ON of this join"),
            (
                "SELECT * FROM a JOIN b ON a.x = b.x AND b.y > 3 FULL JOIN c ON a.x = c.x",
                "`b.y > 3` cannot stand before a RIGHT or FULL JOIN",
            ),
        ] {
            assert_eq!(moved(written).lines().next(), Some(message), "{written}");
        }
    }
}
