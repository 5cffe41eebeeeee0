//! Older servers: fields that a server does not know are left out of what is asked of it from then on.
//!
//! A server answers a document with an unknown field with `Cannot query field "x" on type "T".`, the wording of the reference
//! implementation (<https://github.com/graphql/graphql-js/blob/main/src/validation/rules/FieldsOnCorrectTypeRule.ts>), and with nothing else.

use std::collections::BTreeSet;

/// The fields that the messages of a refused document say are unknown; `None` when one of them says anything else.
pub(crate) fn unknown_fields(messages: &[String]) -> Option<BTreeSet<String>> {
    let field = |message: &String| {
        let (name, rest) =
            message.strip_prefix("Cannot query field ")?.trim_start_matches(['"', '\'', '`']).split_once(['"', '\'', '`'])?;
        (rest.contains("on type") && !name.is_empty()).then(|| name.to_owned())
    };
    let fields = messages.iter().map(field).collect::<Option<BTreeSet<_>>>()?;
    (!fields.is_empty()).then_some(fields)
}

/// `document` without the selections of these fields, nor the variables that only they used.
pub(crate) fn without_fields(document: &str, fields: &BTreeSet<String>) -> String {
    let Some(body_at) = document.find('{') else { return document.to_owned() };
    let (head, body) = document.split_at(body_at);
    let body = body_without(body, fields);
    let Some((name, declarations)) = head.split_once('(') else { return format!("{head}{body}") };
    let declarations = declarations.trim_end().trim_end_matches(')');
    let is_used = |declaration: &&str| {
        let variable = declaration.trim().split(':').next().unwrap_or_default().trim_end();
        tokens(&body).any(|(token, _)| token == variable)
    };
    let used: Vec<&str> = declarations.split(',').filter(is_used).map(str::trim).collect();
    if used.is_empty() { format!("{name} {body}") } else { format!("{name}({}) {body}", used.join(", ")) }
}

fn body_without(body: &str, fields: &BTreeSet<String>) -> String {
    let mut out = String::with_capacity(body.len());
    let mut copied = 0;
    let mut in_arguments = 0_usize;
    let mut tokens = tokens(body).peekable();
    while let Some((token, at)) = tokens.next() {
        match token {
            "(" => in_arguments += 1,
            ")" => in_arguments = in_arguments.saturating_sub(1),
            name if in_arguments == 0 && fields.contains(name) => {
                out.push_str(&body[copied..at]);
                copied = at + name.len();
                for (open, close) in [("(", ")"), ("{", "}")] {
                    if tokens.peek().is_some_and(|(next, _)| *next == open) {
                        let mut depth = 0_usize;
                        for (token, at) in tokens.by_ref() {
                            depth = if token == open { depth + 1 } else { depth - usize::from(token == close) };
                            if depth == 0 {
                                copied = at + token.len();
                                break;
                            }
                        }
                    }
                }
            }
            _ => {}
        }
    }
    out.push_str(&body[copied..]);
    out
}

/// Names, variables and single punctuation characters, with where they stand.
fn tokens(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(|character: char| !character.is_whitespace() && character != ',')?;
        let first = text[start..].chars().next()?;
        let length = if is_name(first) || first == '$' {
            let rest = &text[start + 1..];
            1 + rest.find(|character| !is_name(character)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        at = start + length;
        Some((&text[start..at], start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn messages_name_the_fields() {
        let messages =
            [r#"Cannot query field "readOnly" on type "Run"."#, "Cannot query field 'commit' on type 'Run'. Did you mean 'comments'?"];
        let messages = messages.map(str::to_owned);
        assert_eq!(unknown_fields(&messages), Some(fields(&["commit", "readOnly"])));
        assert_eq!(unknown_fields(&[messages[0].clone(), "Unknown argument".to_owned()]), None);
        assert_eq!(unknown_fields(&[]), None);
    }

    #[test]
    fn fields_go_with_their_arguments_selections_and_variables() {
        let document = "query Q($a: String!, $keys: [String!]!, $b: Int) { run(name: $a) { id user { name username } exports(keys: $keys) { urls live } state history(first: $b) } }";
        assert_eq!(
            without_fields(document, &fields(&["user", "exports"])),
            "query Q($a: String!, $b: Int) { run(name: $a) { id   state history(first: $b) } }"
        );
        assert_eq!(
            without_fields(document, &fields(&["history", "state"])),
            "query Q($a: String!, $keys: [String!]!) { run(name: $a) { id user { name username } exports(keys: $keys) { urls live }   } }"
        );
        // A name in arguments is no field, nor is a part of a name.
        assert_eq!(without_fields("{ run(state: 1) { states state } }", &fields(&["state"])), "{ run(state: 1) { states  } }");
        assert_eq!(without_fields("query Q($x: Int) { a b(x: $x) }", &fields(&["b"])), "query Q { a  }");
    }
}
