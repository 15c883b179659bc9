//! What the document says of a request, for whoever has to explain why it cannot be read.

use std::fmt::Write;
use std::sync::OnceLock;

use actix_web::http::Method;
use actix_web::{HttpRequest, web};
use serde_json::Value;

/// More of a caller's own words is not repeated to him.
const MAX_SHOWN: usize = 60;

/// What is wrong with a request, and what to do next.
pub(crate) type Explained = (String, String);

/// The document of the service, for looking up; read when it is first asked.
pub(crate) struct Described {
    text: &'static str,
    tree: OnceLock<Value>,
}

impl Described {
    pub(crate) fn of(text: &'static str) -> Self {
        Self { text, tree: OnceLock::new() }
    }

    fn tree(&self) -> &Value {
        self.tree.get_or_init(|| serde_json::from_str(self.text).unwrap_or_default())
    }

    /// What is wrong with the query or the path of this request, as the document describes them.
    pub(crate) fn explain(request: &HttpRequest, place: &str) -> Explained {
        let described = request.app_data::<web::Data<Self>>();
        let pattern = request.match_pattern().unwrap_or_default();
        let operation = described.and_then(|it| it.operation(request.method(), &pattern));
        let explained = described.zip(operation).and_then(|(described, operation)| {
            let parameters = described.parameters(operation, place);
            if place == "path" {
                in_path(request, &parameters)
            } else {
                in_query(request, &parameters)
            }
        });
        explained.unwrap_or_else(|| {
            (format!("the {place} cannot be read"), "/docs lists what may be given".to_owned())
        })
    }

    /// The methods that this path is served under; none when there is no such path.
    pub(crate) fn methods(&self, path: &str) -> Vec<String> {
        let paths = self.tree().get("paths").and_then(Value::as_object).into_iter().flatten();
        let mut found = paths.filter(|(pattern, _)| fits_pattern(path, pattern));
        let methods = found.next().and_then(|(_, it)| it.as_object()).into_iter().flatten();
        methods.map(|(method, _)| method.to_ascii_uppercase()).collect()
    }

    fn operation(&self, method: &Method, pattern: &str) -> Option<&Value> {
        self.tree().get("paths")?.get(pattern)?.get(method.as_str().to_ascii_lowercase())
    }

    fn parameters<'a>(&'a self, operation: &'a Value, place: &str) -> Vec<Parameter<'a>> {
        let all = operation.get("parameters").and_then(Value::as_array).into_iter().flatten();
        let here = all.filter(|it| it.get("in").and_then(Value::as_str) == Some(place));
        here.filter_map(|it| {
            Some(Parameter {
                name: it.get("name")?.as_str()?,
                is_required: it.get("required").and_then(Value::as_bool).unwrap_or(false),
                schema: self.resolved(it.get("schema")?),
            })
        })
        .collect()
    }

    /// The schema behind a reference, and the one that is no `null` of several.
    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let several =
            schema.get("oneOf").or_else(|| schema.get("anyOf")).or_else(|| schema.get("allOf"));
        let several = several.and_then(Value::as_array).into_iter().flatten();
        let chosen = several.clone().find(|it| it.get("$ref").is_some()).unwrap_or(schema);
        let reference = chosen.get("$ref").and_then(Value::as_str);
        reference.and_then(|it| self.tree().pointer(it.trim_start_matches('#'))).unwrap_or(chosen)
    }
}

/// A parameter, as the document describes it.
struct Parameter<'a> {
    name: &'a str,
    is_required: bool,
    schema: &'a Value,
}

impl Parameter<'_> {
    fn is(&self, type_: &str) -> bool {
        match self.schema.get("type") {
            Some(Value::String(it)) => it == type_,
            Some(Value::Array(several)) => several.iter().any(|it| it == type_),
            _ => false,
        }
    }

    fn words(&self) -> Vec<&str> {
        let words = self.schema.get("enum").and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).collect()
    }

    fn bound(&self, name: &str) -> Option<f64> {
        self.schema.get(name)?.as_f64()
    }

    fn fits(&self, value: &str) -> bool {
        let in_bounds = |number: f64| {
            self.bound("minimum").is_none_or(|it| it <= number)
                && self.bound("maximum").is_none_or(|it| number <= it)
        };
        if !self.words().is_empty() {
            return self.words().contains(&value);
        }
        match self.schema.get("format").and_then(Value::as_str) {
            Some("uuid") => is_uuid(value),
            _ if self.is("integer") => {
                value.parse::<i64>().is_ok() && value.parse().is_ok_and(in_bounds)
            }
            _ if self.is("number") => value.parse().is_ok_and(in_bounds),
            _ if self.is("boolean") => value == "true" || value == "false",
            _ => true,
        }
    }

    /// What it may be, in words.
    fn allowed(&self) -> String {
        if !self.words().is_empty() {
            return listed(&self.words());
        }
        let mut res = if self.schema.get("format").and_then(Value::as_str) == Some("uuid") {
            "an id as the service gives them: 0190a000-0000-7000-8000-000000000000"
        } else if self.is("integer") {
            "a whole number"
        } else if self.is("number") {
            "a number"
        } else if self.is("boolean") {
            "true or false"
        } else {
            "a text"
        }
        .to_owned();
        if let Some(least) = self.bound("minimum") {
            let _ = write!(res, ", at least {least}");
        }
        if let Some(most) = self.bound("maximum").filter(|it| *it < f64::from(u32::MAX)) {
            let _ = write!(res, ", at most {most}");
        }
        res
    }

    fn refused(&self, value: &str) -> Explained {
        let detail = format!("`{}` cannot be {}", self.name, shown(value));
        (detail, format!("give `{}` {}", self.name, self.allowed()))
    }
}

fn in_path(request: &HttpRequest, parameters: &[Parameter<'_>]) -> Option<Explained> {
    let given = |it: &Parameter<'_>| request.match_info().get(it.name).map(str::to_owned);
    let wrong = parameters.iter().find(|it| given(it).is_some_and(|value| !it.fits(&value)))?;
    Some(wrong.refused(&given(wrong)?))
}

fn in_query(request: &HttpRequest, parameters: &[Parameter<'_>]) -> Option<Explained> {
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?;
    let names: Vec<_> = parameters.iter().map(|it| it.name).collect();
    for (index, (name, value)) in query.iter().enumerate() {
        let Some(parameter) = parameters.iter().find(|it| it.name == name) else {
            let next = match names.as_slice() {
                [] => "give none".to_owned(),
                names => format!("give {}", listed(names)),
            };
            return Some((format!("there is no parameter {}", shown(name)), next));
        };
        if !parameter.fits(value) {
            return Some(parameter.refused(value));
        }
        if query.iter().take(index).any(|it| it.0 == *name) {
            return Some((format!("`{name}` is given twice"), "give it once".to_owned()));
        }
    }
    let is_missing =
        |it: &&Parameter<'_>| it.is_required && !query.iter().any(|given| given.0 == it.name);
    let missing = parameters.iter().find(is_missing)?;
    let next = format!("give `{}` {}", missing.name, missing.allowed());
    Some((format!("`{}` is missing", missing.name), next))
}

/// `a`, `b` or `c`.
pub(crate) fn listed(words: &[&str]) -> String {
    let quoted: Vec<_> = words.iter().map(|it| format!("`{it}`")).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// A caller's own words, where they are short and plain.
pub(crate) fn shown(text: &str) -> String {
    let is_plain = !text.is_empty() && !text.contains(|it: char| it.is_control() || it == '`');
    if is_plain && text.chars().count() <= MAX_SHOWN {
        format!("`{text}`")
    } else {
        "what was given".to_owned()
    }
}

fn is_uuid(text: &str) -> bool {
    let digits = text.bytes().filter(|it| *it != b'-');
    digits.clone().count() == 32 && digits.clone().all(|it| it.is_ascii_hexdigit())
}

fn fits_pattern(path: &str, pattern: &str) -> bool {
    let (path, pattern): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), pattern.split('/').collect());
    path.len() == pattern.len()
        && path.iter().zip(&pattern).all(|(part, wanted)| {
            if wanted.starts_with('{') { !part.is_empty() } else { part == wanted }
        })
}
