//! Values of variables that may be shown when a template is put back: a patch without them could not be applied.

use serde_json::Value;
use types::{Edit, FieldPath};

use crate::Redactor;

/// The longest word that is shown.
const MAX_WORD: usize = 20;
/// Words in a name that say that its value is one of a few that a program knows.
const CHOICES: [&str; 19] = [
    "profile",
    "profiles",
    "mode",
    "level",
    "format",
    "env",
    "environment",
    "backend",
    "region",
    "zone",
    "stage",
    "driver",
    "type",
    "kind",
    "engine",
    "provider",
    "strategy",
    "lang",
    "tier",
];
/// Words in a name whose value may be one that opens something, though it is called no secret.
const DOUBTFUL: [&str; 19] = [
    "key", "salt", "seed", "code", "login", "user", "cert", "hash", "answer", "pass", "pwd",
    "phrase", "auth", "token", "secret", "priv", "cred", "sign", "pin",
];

/// The fields among these edits of the template `current`, which stands at `path`, that hold the value of a variable
/// whose name says nothing of a secret, where a plain word takes the place of another.
pub(super) fn fields(
    edits: &[Edit],
    (path, current): (&FieldPath, &Value),
    redactor: &Redactor,
) -> Vec<FieldPath> {
    let is_renamed = |name: &str| {
        let at = FieldPath::parse(name);
        edits.iter().any(|it| at.as_ref().is_some_and(|at| at.is_within(&it.path)))
    };
    let is_open = |edit: &&Edit| {
        let Some(variable) = edit.path.as_str().strip_suffix("/value") else { return false };
        let names: Vec<String> = edit.path.names().collect();
        let is_variable = names.iter().rev().nth(2).is_some_and(|it| it == "env");
        // Another variable stood there.
        if !is_variable || is_renamed(&format!("{variable}/name")) {
            return false;
        }
        let place = variable.strip_prefix(path.as_str());
        let name = place.and_then(|it| current.pointer(&format!("{it}/name")));
        let Some(name) = name.and_then(Value::as_str) else { return false };
        [&edit.from, &edit.to].into_iter().all(|it| {
            let text = it.as_ref().and_then(Value::as_str);
            text.is_some_and(|it| is_plain(name, it, redactor))
        })
    };
    edits.iter().filter(is_open).map(|it| it.path.clone()).collect()
}

/// Whether it is a word and nothing drawn by chance, under a name that tells of a choice and of no secret.
fn is_plain(name: &str, text: &str, redactor: &Redactor) -> bool {
    let lower = name.to_lowercase();
    let is_letter = |it: char| it.is_ascii_lowercase() || it == '-';
    let is_choice = lower.split(['_', '-', '.']).any(|it| CHOICES.contains(&it));
    is_choice
        && !DOUBTFUL.iter().any(|it| lower.contains(it))
        && !Redactor::is_told(name)
        && !text.is_empty()
        && text.len() <= MAX_WORD
        && text.chars().all(is_letter)
        && redactor.redact_value(name, text) == text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(name: &str, from: &str, to: &str) -> bool {
        let path = FieldPath::root().child("spec").child("template");
        let env = path.child("spec").child("containers").index(0).child("env").index(0);
        let variable = json!({"name": name, "value": from});
        let current = json!({"spec": {"containers": [{"env": [variable]}]}});
        let (from, to) = (Some(from.into()), Some(to.into()));
        let edits = [Edit { path: env.child("value"), from, to }];
        !fields(&edits, (&path, &current), &Redactor::new([0; 32])).is_empty()
    }

    #[test]
    fn a_plain_word_of_a_variable_that_is_called_no_secret_is_shown() {
        for (name, from, to) in [
            ("PROFILE", "prod", "production"),
            ("SPRING_PROFILES_ACTIVE", "stage", "eu-stage"),
            ("LOG_FORMAT", "jsno", "json"),
            ("CACHE_BACKEND", "redis", "memory"),
        ] {
            assert!(shown(name, from, to), "{name}");
        }
    }

    #[test]
    fn whatever_may_open_something_stays_hidden() {
        for (name, from, to) in [
            ("DB_PASSWORD", "summer", "winter"),
            ("PGPASS", "summer", "winter"),
            ("ADMIN_LOGIN", "root", "admin"),
            ("API_KEY", "abc", "abd"),
            ("JWT_SEED", "summer", "winter"),
            ("AUTH", "summer", "winter"),
            ("PIN", "one", "two"),
            ("DB_PW", "sunshine", "moonlight"),
            ("WIFI_PSK", "sunshine", "moonlight"),
            ("GREETING", "sunshine", "moonlight"),
            ("AUTH_MODE", "sunshine", "moonlight"),
            ("GREETING", "hunter2", "hunter3"),
            ("GREETING", "hello", "hunter2"),
            ("MODE", "Tr0ub4dor", "plain"),
            ("MODE", "CorrectHorse", "plain"),
            ("MODE", "correcthorsebatterystaple", "plain"),
            ("DATABASE_URL", "postgres://app:summer@db", "x"),
            ("MODE", "", "x"),
        ] {
            assert!(!shown(name, from, to), "{name} {from}");
        }
    }

    #[test]
    fn a_value_whose_variable_was_another_one_stays_hidden() {
        let path = FieldPath::root().child("spec").child("template");
        let env = path.child("spec").child("containers").index(0).child("env").index(0);
        let edit = |member: &str, from: &str, to: &str| Edit {
            path: env.child(member),
            from: Some(from.into()),
            to: Some(to.into()),
        };
        let edits = [edit("name", "MODE", "DB_PASSWORD"), edit("value", "plain", "summer")];
        let current =
            json!({"spec": {"containers": [{"env": [{"name": "MODE", "value": "plain"}]}]}});
        let redactor = Redactor::new([0; 32]);
        assert!(fields(&edits, (&path, &current), &redactor).is_empty());
    }
}
