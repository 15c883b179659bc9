//! The variable with the password that a server rejects.

use k8s_openapi::api::core::v1::EnvVar;
use types::SpotTopic;

use super::{Spot, given};
use crate::evidence::failing::Failing;
use crate::log::reading::{Reading, Trouble};

/// What the names of variables with passwords have in them.
const SECRETS: [&str; 6] = ["PASS", "PWD", "TOKEN", "API_KEY", "APIKEY", "SECRET"];
/// Of these, what an address may be that has the password in it.
const ADDRESSES: [&str; 4] = ["_URL", "_URI", "_DSN", "CONNECTION_STRING"];
/// Letters of a word that says whose credentials they are, and words that do not.
const LONG: usize = 5;
const COMMON: [&str; 14] = [
    "TOKEN",
    "SECRET",
    "PASSWORD",
    "ACCESS",
    "PRIVATE",
    "LOGIN",
    "CREDENTIALS",
    "CLIENT",
    "ACCOUNT",
    "SERVICE",
    "SERVER",
    "ADMIN",
    "DATABASE",
    "API_KEY",
];
/// What a line has in it that comes from a server, and the names of its variables.
const SERVERS: [(&[&str], &[&str]); 5] = [
    (&["redis", "wrongpass", "noauth"], &["REDIS", "CACHE"]),
    (&["mongo", "sasl"], &["MONGO", "ME_CONFIG"]),
    (&["amqp", "rabbit", "access_refused"], &["RABBIT", "AMQP", "BROKER"]),
    (&["mysql", "1045", "using password", "mariadb"], &["MYSQL", "MARIADB", "DB", "DATABASE"]),
    (
        &["password authentication failed", "postgres", "psycopg", "pg_hba"],
        &["POSTGRES", "PG", "DB", "DATABASE"],
    ),
];

/// What a line has in it that an SDK of AWS says.
const OF_AWS: [&str; 7] = [
    "aws",
    "botocore",
    "unable to locate credentials",
    "nocredentialproviders",
    "credentialsprovidererror",
    "imds",
    "s3",
];
/// The variables that those read, and what they are called by mistake.
const KEYS: [(&str, &[&str]); 2] = [
    ("AWS_ACCESS_KEY_ID", &["AWS_ACCESS_KEY", "AWS_KEY", "AWS_KEY_ID", "AWS_ACCESS_ID"]),
    ("AWS_SECRET_ACCESS_KEY", &["AWS_SECRET_KEY", "AWS_SECRET", "AWS_SECRET_ACCESS"]),
];

/// The one variable that has the password, of those that the template sets itself.
pub(super) fn rejected(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Rejected)?;
    let all: Vec<(usize, &EnvVar)> = failing.container.env.iter().flatten().enumerate().collect();
    let with = |marks: &[&str]| -> Vec<(usize, &EnvVar)> {
        let has = |it: &&(usize, &EnvVar)| {
            let name = it.1.name.to_uppercase();
            marks.iter().any(|mark| name.contains(mark))
        };
        all.iter().filter(has).copied().collect()
    };
    let secrets = with(&SECRETS);
    let user = || of_user(&secrets, &all, reading.about.as_deref()?);
    let found = of_name(&all, reading)
        .or_else(|| only(&secrets))
        .or_else(user)
        .or_else(|| of_server(&secrets, reading.line))
        .or_else(|| only(&with(&ADDRESSES)).filter(|_| secrets.is_empty()))
        .or_else(|| given::only_variable(failing).filter(|_| secrets.is_empty()));
    let Some((at, variable)) = found else {
        return given::whole(failing).filter(|_| secrets.is_empty());
    };
    let path = failing.path.child("env").index(at);
    let name = &variable.name;
    let source = variable.value_from.as_ref().and_then(|it| it.secret_key_ref.as_ref());
    if let Some(source) = source {
        let words = format!(
            "; {name} comes from key {} of Secret {}, which may not be what the server knows",
            source.key, source.name
        );
        let path = path.child("valueFrom").child("secretKeyRef").child("key");
        return Some(Spot::new(SpotTopic::Program, path, &source.key, words));
    }
    let value = variable.value.clone()?;
    let words = format!("; the template sets {name}");
    let value = (name.clone(), value);
    Some(Spot {
        topic: SpotTopic::Program,
        path: path.child("value"),
        value,
        words,
        key: None,
        shown: None,
    })
}

/// What gives a program of AWS its keys under names that no SDK reads: a variable, or a Secret whose keys are all
/// variables.
pub(super) fn unknown(failing: &Failing<'_>) -> Option<Spot> {
    let reading = failing.reading.as_ref().filter(|it| it.trouble == Trouble::Anonymous)?;
    let line = reading.line.to_lowercase();
    if !OF_AWS.iter().any(|it| line.contains(it)) {
        return None;
    }
    let own = || failing.container.env.iter().flatten().map(|it| it.name.as_str());
    let has = |name: &str| own().any(|it| it == name);
    let slips = KEYS.iter().filter(|it| !has(it.0)).find_map(|(right, wrong)| {
        let at = own().position(|it| wrong.contains(&it.to_uppercase().as_str()))?;
        Some((at, own().nth(at)?, right))
    });
    if let Some((at, name, right)) = slips {
        let path = failing.path.child("env").index(at).child("name");
        let words = format!("; the template sets {name}, where {right} was probably meant");
        return Some(Spot::new(SpotTopic::Program, path, name, words));
    }
    // An account of its own may be to give them.
    let account = failing.spec.service_account_name.as_deref().unwrap_or_default();
    let is_given = KEYS.iter().any(|it| has(it.0)) || !matches!(account, "" | "default");
    let spot = given::whole(failing).filter(|_| !is_given)?;
    let words = format!(
        "; of Secret {}, which gives it all its keys as variables, it reads {}",
        spot.value.1,
        KEYS.map(|it| it.0).join(" and ")
    );
    Some(Spot { words, ..spot })
}

fn only<'a>(all: &[(usize, &'a EnvVar)]) -> Option<(usize, &'a EnvVar)> {
    match all {
        [only] => Some(*only),
        _ => None,
    }
}

/// The one with a password or of a Secret whose name has a word in it that the line has: `STRIPE_KEY` where Stripe
/// says no.
fn of_name<'a>(all: &[(usize, &'a EnvVar)], reading: &Reading<'_>) -> Option<(usize, &'a EnvVar)> {
    let user = reading.about.as_deref().unwrap_or_default().to_lowercase();
    let line = reading.line.to_lowercase();
    let is_named = |it: &str| {
        let word = it.to_lowercase();
        LONG <= it.len() && !COMMON.contains(&it) && word != user && line.contains(&word)
    };
    let is_secret = |it: &EnvVar| {
        let is_given = it.value_from.as_ref().is_some_and(|it| it.secret_key_ref.is_some());
        is_given || SECRETS.iter().any(|mark| it.name.to_uppercase().contains(mark))
    };
    let is_it = |it: &&(usize, &EnvVar)| is_secret(it.1) && it.1.name.split('_').any(is_named);
    let of: Vec<_> = all.iter().filter(is_it).copied().collect();
    only(&of)
}

/// The one whose name begins like that of the variable with the user.
fn of_user<'a>(
    secrets: &[(usize, &'a EnvVar)],
    all: &[(usize, &'a EnvVar)],
    user: &str,
) -> Option<(usize, &'a EnvVar)> {
    let named = all.iter().find(|it| it.1.value.as_deref() == Some(user))?;
    let begin = named.1.name.rsplit_once('_')?.0;
    let of: Vec<_> = secrets.iter().filter(|it| it.1.name.starts_with(begin)).copied().collect();
    only(&of)
}

/// The one whose name has that of the server that says so.
fn of_server<'a>(secrets: &[(usize, &'a EnvVar)], line: &str) -> Option<(usize, &'a EnvVar)> {
    let line = line.to_lowercase();
    let names = SERVERS.iter().find(|it| it.0.iter().any(|it| line.contains(it)))?.1;
    let has = |it: &&(usize, &EnvVar)| names.iter().any(|name| it.1.name.contains(name));
    let of: Vec<_> = secrets.iter().filter(has).copied().collect();
    only(&of)
}
