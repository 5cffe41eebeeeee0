//! What the sample runs logged: `data/*/truth.jsonl`, which `data/README.md` explains.

use std::collections::BTreeMap;

use runlake_types::{Json, Number, Object, RunPath};

use crate::lake::sample_data;

/// One run and everything that was logged to it.
#[derive(Clone, Debug)]
pub struct Truth {
    /// The run's id.
    pub run_id: String,
    /// The run's folder in the data.
    pub folder: String,
    /// All fields of its line.
    pub facts: Object,
    /// The logged rows by step, in the form of [`comparable`].
    pub rows: BTreeMap<i64, Object>,
    /// Whether the log holds every row.
    pub is_complete: bool,
}

/// The runs of the folder `name` in `data`, by id.
pub fn load(name: &str) -> BTreeMap<String, Truth> {
    let text = fs_err::read_to_string(sample_data().join(name).join("truth.jsonl")).expect("the truth lies beside the logs");
    let runs = text.lines().map(|line| Truth::of(Json::parse_object(line).expect("the truth is JSON")));
    runs.map(|truth| (truth.run_id.clone(), truth)).collect()
}

impl Truth {
    fn of(facts: Object) -> Self {
        let text = |name: &str| facts.get(name).and_then(Json::as_str).expect("the field is a string").to_owned();
        let Some(Json::Array(entries)) = facts.get("rows") else { panic!("`rows` is a list") };
        let row = |entry: &Json| {
            let entry = entry.as_object().expect("a row is an object");
            let step = entry["step"].as_number().and_then(Number::as_i64).expect("a step is an integer");
            (step, comparable(logged(entry["row"].as_object().expect("a row is an object").clone())))
        };
        let rows = entries.iter().map(row).collect();
        Self { run_id: text("run_id"), folder: text("folder"), rows, is_complete: facts["complete"] == Json::Bool(true), facts }
    }

    /// The run's path.
    pub fn path(&self) -> RunPath {
        let text = |name: &str| self.facts[name].as_str().unwrap_or("local");
        RunPath::new(text("entity"), text("project"), &self.run_id)
    }

    /// An optional string of the line.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.facts[name].as_str()
    }

    /// The state in which the lake has the run: a log without an end, silent for long, is that of a crashed run.
    pub fn state(&self) -> &str {
        match self.text("state") {
            Some("unfinished") | None => "crashed",
            Some(state) => state,
        }
    }

    /// The tags, sorted: logs have them in any order.
    pub fn sorted_tags(&self) -> Vec<String> {
        let Json::Array(tags) = &self.facts["tags"] else { panic!("`tags` is a list") };
        let mut tags: Vec<String> = tags.iter().filter_map(|tag| tag.as_str().map(str::to_owned)).collect();
        tags.sort();
        tags
    }
}

/// An object of the truth with its tags resolved: special floats, and media by their type.
pub fn logged(object: Object) -> Object {
    object.into_iter().map(|(key, value)| (key, resolve(value))).collect()
}

fn resolve(value: Json) -> Json {
    match value {
        Json::Object(members) => match (members.get("$float"), members.get("$media")) {
            (Some(Json::String(text)), _) => Json::from(Json::special_float(text).expect("the truth names three floats")),
            (_, Some(kind)) => Json::Object(Object::from([("_type".to_owned(), kind.clone())])),
            _ => Json::Object(logged(members)),
        },
        Json::Array(items) => Json::Array(items.into_iter().map(resolve).collect()),
        other => other,
    }
}

/// A row in the form in which rows are compared: without what the SDK adds to each, without nulls and empty dicts (which a lake keeps as
/// absent keys), and media by their type alone, which is what the truth has of them.
pub fn comparable(mut row: Object) -> Object {
    for stamp in ["_step", "_runtime", "_timestamp"] {
        row.remove(stamp);
    }
    let members = row.into_iter().map(|(key, value)| (key, simplify(value)));
    members.filter(|(_, value)| *value != Json::Null && *value != Json::Object(Object::new())).collect()
}

fn simplify(value: Json) -> Json {
    match value {
        Json::Object(mut members) => match members.remove("_type") {
            Some(kind @ Json::String(_)) => Json::Object(Object::from([("_type".to_owned(), kind)])),
            Some(other) => {
                members.insert("_type".to_owned(), other);
                Json::Object(comparable(members))
            }
            None => Json::Object(comparable(members)),
        },
        Json::Array(items) => Json::Array(items.into_iter().map(simplify).collect()),
        other => other,
    }
}
