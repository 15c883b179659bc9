//! Scripts that wait, and what is read from them.

use serde_json::json;

use super::*;

#[track_caller]
fn check(script: &str, expected: &[&str]) {
    let container = json!({"name": "wait", "command": ["sh", "-c", script],
        "env": [{"name": "DB_HOST", "value": "db"}, {"name": "DB_PORT", "value": "5432"}]});
    let container = serde_json::from_value(container).unwrap();
    assert_eq!(facts(&container, "shop").addresses, expected, "{script}");
}

#[track_caller]
fn check_words(words: &[&str], expected: &[&str]) {
    let container = json!({"name": "wait", "command": words});
    let found = facts(&serde_json::from_value(container).unwrap(), "shop");
    assert_eq!(found.addresses, expected, "{words:?}");
}

#[test]
fn every_pattern_is_one() {
    assert!(ADDRESS.is_some() && DEVICE.is_some() && VARIABLE.is_some());
}

#[test]
fn what_a_loop_asks_is_read() {
    check("until nc -z mq 5672; do sleep 2; done", &["mq:5672"]);
    check("until nc -z -w1 mq 5672; do sleep 2; done", &["mq:5672"]);
    check("until nc -w 1 -vz mq 5672 > /dev/null 2>&1; do sleep 2; done", &["mq:5672"]);
    check("while ! nc -z mq 5672; do sleep 1; done; echo up", &["mq:5672"]);
    check("while true; do nc -z mq 5672 && break; sleep 1; done", &["mq:5672"]);
    check("for i in $(seq 60); do nc -z mq 5672 && exit 0; sleep 1; done", &["mq:5672"]);
    check(
        "until nslookup users.shop.svc.cluster.local; do sleep 2; done",
        &["users.shop.svc.cluster.local"],
    );
    check(
        "until nslookup db.$(cat /var/run/secrets/kubernetes.io/serviceaccount/namespace).svc.cluster.local; do sleep 2; done",
        &["db.shop.svc.cluster.local"],
    );
    check("until getent hosts users; do sleep 1; done", &["users"]);
    check("until dig +short users; do sleep 1; done", &["users"]);
    check("until host -t A users; do sleep 1; done", &["users"]);
    check("until ping -c 1 users; do sleep 1; done", &["users"]);
    check("until [ \"$(dig @10.96.0.10 users A)\" ]; do sleep 1; done", &["users"]);
    check("until timeout 2 bash -c '</dev/tcp/mq/5672'; do sleep 1; done", &["mq:5672"]);
}

#[test]
fn what_clients_ask_until_they_succeed_is_read() {
    check("until wget -q -O - http://users:8080/health; do sleep 2; done", &["users:8080"]);
    check("until wget -qO- --timeout=2 users/ready; do sleep 2; done", &["users"]);
    check("while ! curl -sf -o /dev/null https://users/health; do sleep 1; done", &["users"]);
    check("until curl --connect-timeout 2 -s users:80; do sleep 1; done", &["users:80"]);
    check("until pg_isready -h db -p 5432 -U app; do sleep 1; done", &["db:5432"]);
    check("until pg_isready --host=$DB_HOST --port=${DB_PORT}; do sleep 1; done", &["db:5432"]);
    check("until mysqladmin ping -h mysql -psecret -P 3306; do sleep 1; done", &["mysql:3306"]);
    check("until redis-cli -h cache ping | grep PONG; do sleep 1; done", &["cache"]);
    check(
        "until psql postgres://app:word@db:5432/shop -c 'select 1'; do sleep 1; done",
        &["db:5432"],
    );
    check("until nc -z \"$DB_HOST\" \"$DB_PORT\"; do sleep 1; done", &["db:5432"]);
}

#[test]
fn tools_that_wait_by_themselves_are_read() {
    check("/wait-for-it.sh mq:5672 -t 0 -- echo up", &["mq:5672"]);
    check_words(&["/usr/local/bin/wait-for-it", "mq:5672"], &["mq:5672"]);
    check_words(
        &["dockerize", "-wait", "tcp://db:5432", "-wait", "http://users:80/x"],
        &["db:5432", "users:80"],
    );
    check_words(&["wait4x", "tcp", "db:5432"], &["db:5432"]);
    check_words(
        &["sh", "-c", "until nc -z a 1; do sleep 1; done; until nc -z b 2; do sleep 1; done"],
        &["a:1", "b:2"],
    );
}

#[test]
fn what_has_work_to_do_waits_for_nobody() {
    check("curl -sSL http://files/big.tar | tar x", &[]);
    check("while read line; do psql -h db -c \"$line\"; done < all.sql", &[]);
    check("nc -l -p 8080", &[]);
    check("until [ -f /data/ready ]; do sleep 1; done", &[]);
    check("until nc -z localhost 80; do sleep 1; done", &[]);
    check("until nc -z $HOST $PORT; do sleep 1; done", &[]);
    check("while true; do echo waiting; sleep 5; done", &[]);
    check("migrate --database db:5432", &[]);
    check("", &[]);
}

#[track_caller]
fn check_work(script: &str, expected: bool) {
    let container = json!({"name": "wait", "command": ["sh", "-c", script]});
    let found = facts(&serde_json::from_value(container).unwrap(), "shop");
    assert_eq!(found.works_after, expected, "{script}");
}

#[test]
fn whether_there_is_work_after_the_wait_is_seen() {
    check_work("until nc -z mq 5672; do sleep 2; done", false);
    check_work("until nc -z mq 5672; do echo waiting; sleep 2; done; echo up; exit 0", false);
    check_work(
        "until nslookup db > /dev/null 2>&1; do echo \"waiting for db\"; sleep 2; done",
        false,
    );
    check_work("for i in $(seq 30); do nc -z mq 5672 && exit 0; sleep 1; done; exit 1", false);
    check_work("until nc -z db 5432; do sleep 2; done; ./migrate --all", true);
    check_work("until pg_isready -h db; do sleep 2; done && psql -h db -f all.sql", true);
    check_work("/wait-for-it.sh db:5432 -- ./migrate", true);
    check_work("/wait-for-it.sh db:5432 -t 0", false);
}
