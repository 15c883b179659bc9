//! Names of Services that call the same program otherwise: `shop-pg` and `shop-postgres`.

use types::kind_words::OF_SERVICES;

/// What programs are called; each word by the programs that may be meant by it.
const WORDS: [(&str, u16); 30] = [
    ("pg", POSTGRES),
    ("pgsql", POSTGRES),
    ("postgres", POSTGRES),
    ("postgresql", POSTGRES),
    ("mysql", MYSQL),
    ("mariadb", MYSQL),
    ("mongo", MONGO),
    ("mongodb", MONGO),
    ("db", POSTGRES | MYSQL | MONGO),
    ("database", POSTGRES | MYSQL | MONGO),
    ("redis", REDIS),
    ("valkey", REDIS),
    ("memcache", MEMCACHED),
    ("memcached", MEMCACHED),
    ("cache", REDIS | MEMCACHED),
    ("rabbit", RABBIT),
    ("rabbitmq", RABBIT),
    ("amqp", RABBIT),
    ("kafka", KAFKA),
    ("nats", NATS),
    ("mq", RABBIT | KAFKA | NATS),
    ("queue", RABBIT | KAFKA | NATS),
    ("broker", RABBIT | KAFKA | NATS),
    ("es", ELASTIC),
    ("elastic", ELASTIC),
    ("elasticsearch", ELASTIC),
    ("opensearch", ELASTIC),
    ("search", ELASTIC),
    ("minio", STORE),
    ("s3", STORE),
];
const POSTGRES: u16 = 1;
const MYSQL: u16 = 1 << 1;
const MONGO: u16 = 1 << 2;
const REDIS: u16 = 1 << 3;
const MEMCACHED: u16 = 1 << 4;
const RABBIT: u16 = 1 << 5;
const KAFKA: u16 = 1 << 6;
const NATS: u16 = 1 << 7;
const ELASTIC: u16 = 1 << 8;
const STORE: u16 = 1 << 9;
/// How charts call the member that takes writes.
const ROLES: [&str; 3] = ["master", "primary", "leader"];

/// The one candidate that has the same words but for what the program is called; in front of it the name of a
/// release may stand. `None` where two have.
pub(crate) fn of_same_program<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = words(name);
    let mut found =
        candidates.into_iter().filter(|it| *it != name && are_same(&wanted, &words(it)));
    let only = found.next()?;
    found.all(|it| it == only).then_some(only)
}

/// The words of a name without one that any Service may have.
fn words(name: &str) -> Vec<&str> {
    let mut words: Vec<&str> = name.split('-').collect();
    let may_go = |it: &&str| OF_SERVICES.contains(it) || ROLES.contains(it);
    if 1 < words.len() && words.last().is_some_and(may_go) {
        words.pop();
    }
    words
}

fn are_same(wanted: &[&str], other: &[&str]) -> bool {
    let (short, long) = if wanted.len() <= other.len() { (wanted, other) } else { (other, wanted) };
    let Some((before, rest)) = long.split_at_checked(long.len() - short.len()) else {
        return false;
    };
    let all = short.iter().zip(rest).all(|(a, b)| a == b || programs(a) & programs(b) != 0);
    // With a word more in front only a program is told again, and not any name.
    all && (before.is_empty() || short.len() == 1 && short.iter().all(|it| programs(it) != 0))
}

fn programs(word: &str) -> u16 {
    WORDS.iter().find(|it| it.0 == word).map_or(0, |it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_calls_the_program_otherwise_is_the_same() {
        for (name, other) in [
            ("crewplan-pg", "crewplan-postgres"),
            ("shop-db", "shop-mysql"),
            ("redis", "shop-redis"),
            ("shop-cache", "shop-redis"),
            ("rabbitmq", "mq"),
            ("orders-svc", "orders"),
            ("orders", "orders-service"),
            ("orders-deployment", "orders"),
            ("es", "elasticsearch"),
            ("redis-master", "shop-redis"),
            ("shop-pg-primary", "shop-postgres"),
        ] {
            assert_eq!(of_same_program(name, ["web", other]), Some(other), "{name}");
        }
    }

    #[test]
    fn another_program_or_one_of_two_is_not() {
        for (name, others) in [
            ("shop-pg", ["shop-mysql", "web"]),
            ("shop-db", ["shop-mysql", "shop-postgres"]),
            ("shop-db", ["blog-db", "web"]),
            ("redis", ["shop-redis", "blog-redis"]),
            ("orders", ["shop-orders", "web"]),
            ("redis-master", ["shop-redis-replicas", "web"]),
            ("cache", ["queue", "db"]),
            ("", ["svc", "db"]),
        ] {
            assert_eq!(of_same_program(name, others), None, "{name}");
        }
    }
}
