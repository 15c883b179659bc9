//! Names that say the same in other words: `db-host` and `DATABASE_HOSTS`.
//!
//! Nobody writes a name that is only told apart by a short form, by one or many, or by the order of its words. Still
//! it is no slip of the finger: what is found so is for a person to say.

/// Words by what they are a short or another form of. What is short for two things (`int`, `srv`, `res`) is none.
const SAME: [(&str, &str); 88] = [
    ("db", "database"),
    ("svc", "service"),
    ("cfg", "config"),
    ("conf", "config"),
    ("configuration", "config"),
    ("configmap", "config"),
    ("cm", "config"),
    ("setting", "config"),
    ("pwd", "password"),
    ("pass", "password"),
    ("passwd", "password"),
    ("passphrase", "password"),
    ("prod", "production"),
    ("dev", "development"),
    ("stg", "staging"),
    ("stage", "staging"),
    ("preprod", "preproduction"),
    ("auth", "authentication"),
    ("authn", "authentication"),
    ("authz", "authorization"),
    ("authorisation", "authorization"),
    ("msg", "message"),
    ("mgr", "manager"),
    ("repo", "repository"),
    ("repositories", "repository"),
    ("registries", "registry"),
    ("env", "environment"),
    ("addr", "address"),
    ("addresses", "address"),
    ("usr", "user"),
    ("username", "user"),
    ("acct", "account"),
    ("app", "application"),
    ("admin", "administrator"),
    ("img", "image"),
    ("dir", "directory"),
    ("directories", "directory"),
    ("doc", "document"),
    ("info", "information"),
    ("lang", "language"),
    ("max", "maximum"),
    ("min", "minimum"),
    ("num", "number"),
    ("org", "organization"),
    ("organisation", "organization"),
    ("param", "parameter"),
    ("perm", "permission"),
    ("pkg", "package"),
    ("ref", "reference"),
    ("req", "request"),
    ("resp", "response"),
    ("sched", "scheduler"),
    ("scheduling", "scheduler"),
    ("statistic", "stats"),
    ("stat", "stats"),
    ("tmp", "temporary"),
    ("temp", "temporary"),
    ("txn", "transaction"),
    ("util", "utility"),
    ("utilities", "utility"),
    ("val", "value"),
    ("var", "variable"),
    ("vol", "volume"),
    ("cred", "credential"),
    ("cert", "certificate"),
    ("sa", "serviceaccount"),
    ("pg", "postgres"),
    ("pgsql", "postgres"),
    ("postgresql", "postgres"),
    ("mongodb", "mongo"),
    ("k8s", "kubernetes"),
    ("notif", "notification"),
    ("gw", "gateway"),
    ("lb", "loadbalancer"),
    ("ns", "namespace"),
    ("fe", "frontend"),
    ("be", "backend"),
    ("ctrl", "controller"),
    ("pmt", "payment"),
    ("id", "identifier"),
    ("uri", "url"),
    ("hostname", "host"),
    ("tz", "timezone"),
    ("ext", "external"),
    ("deploy", "deployment"),
    ("sts", "statefulset"),
    ("log", "logging"),
    ("prio", "priority"),
];
/// Fewer letters than this say too little.
const MIN_CHARS: usize = 3;

/// The one candidate that says the same in other words; `kinds` are those that may be left out. `None` where two do.
pub(crate) fn of_same_words<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    kinds: &[&str],
) -> Option<&'a str> {
    let wanted = meaning(name, kinds)?;
    let is_same = |it: &&str| *it != name && meaning(it, kinds).as_ref() == Some(&wanted);
    let mut found = candidates.into_iter().filter(is_same);
    let only = found.next()?;
    found.all(|it| it == only).then_some(only)
}

/// What the words of a name mean, in no order; `None` where that is too little.
fn meaning(name: &str, kinds: &[&str]) -> Option<Vec<String>> {
    let all = words(name);
    let told: Vec<_> = all.iter().filter(|it| !kinds.contains(&it.as_str())).collect();
    let told = if told.is_empty() { all.iter().collect() } else { told };
    let letters: usize =
        told.iter().map(|it| it.chars().filter(|it| it.is_alphabetic()).count()).sum();
    let mut meant: Vec<_> = told.into_iter().map(|it| meant(it)).collect();
    meant.sort_unstable();
    let is_known = meant.len() == 1 && SAME.iter().any(|it| meant.iter().any(|own| own == it.1));
    (MIN_CHARS <= letters || is_known).then_some(meant)
}

/// The words of a name, in small letters: `dbHost` and `DB_HOST` are both `db` and `host`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small_before = false;
    for letter in name.chars() {
        let ends = !letter.is_alphanumeric();
        if ends || small_before && letter.is_uppercase() {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| !ends) {
            word.extend(letter.to_lowercase());
        }
        small_before = letter.is_lowercase();
    }
    words.retain(|it| !it.is_empty());
    words
}

/// What a word stands for: itself, mostly.
fn meant(word: &str) -> String {
    let long = |it: &str| SAME.iter().find(|known| known.0 == it).map(|it| it.1.to_owned());
    let one = word
        .strip_suffix('s')
        .filter(|it| MIN_CHARS < word.len() && !it.ends_with(['s', 'u', 'i']));
    let of_one = || one.map(|it| long(it).unwrap_or_else(|| it.to_owned()));
    long(word).or_else(of_one).unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use types::kind_words::{OF_CONFIG_MAPS, OF_LABELS, OF_SECRETS};

    use super::*;

    #[test]
    fn a_short_form_one_or_many_and_another_order_are_the_same_name() {
        for (name, other) in [
            ("db", "database"),
            ("orders-db", "orders-database"),
            ("SMTP_PWD", "SMTP_PASSWORD"),
            ("dbHost", "DATABASE_HOST"),
            ("application-prod.yml", "application-production.yml"),
            ("auth-tokens", "authentication-token"),
            ("mail-msgs", "mail-messages"),
            ("job-mgr", "job-manager"),
            ("repo-url", "repository-uri"),
            ("metric", "metrics"),
            ("job-high", "high-jobs"),
            ("db_username", "database-user"),
            ("tls-certs", "tls-certificate"),
        ] {
            assert_eq!(of_same_words(name, ["web", other], &[]), Some(other), "{name}");
            assert_eq!(of_same_words(other, ["web", name], &[]), Some(name), "{other}");
        }
    }

    #[test]
    fn a_word_for_the_kind_may_be_left_out_of_it() {
        for (name, other, kinds) in [
            ("rates-cfg", "rates", OF_CONFIG_MAPS),
            ("config-orders-db", "orders-database", OF_CONFIG_MAPS),
            ("shop-db-creds", "shop-database-secret", OF_SECRETS),
            ("svc-msg-router", "message-router", OF_LABELS),
        ] {
            assert_eq!(of_same_words(name, ["web", other], kinds), Some(other), "{name}");
        }
    }

    #[test]
    fn another_name_or_one_of_two_is_not_the_same() {
        for (name, others) in [
            ("orders-db", ["orders-dev", "web"]),
            ("orders-db", ["orders-database", "orders-databases"]),
            ("auth", ["authorization", "author"]),
            ("db-1", ["database-2", "db-12"]),
            ("eu", ["us", "eus"]),
            ("app", ["apis", "web"]),
            ("status", ["statu", "stat"]),
            ("orders-read", ["orders-write", "orders"]),
            ("", ["-", "web"]),
        ] {
            assert_eq!(of_same_words(name, others, &[]), None, "{name}");
        }
    }
}
